// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <holdfast/event.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "relay/backlog.hpp"
#include "relay/mailbox.hpp"

namespace holdfast::relay::test {

/// A backlog in memory that keeps the rules of Backlog and notes every breach of the relay's side in
/// `breaches`: a settlement of what was not fetched or already settled, two fetches of a lane at once.
/// Answers wait until answer_one() or answer_all(), as those of a store on another thread would.
class MemoryBacklog final : public Backlog {
 public:
  explicit MemoryBacklog(RelayMailbox& mailbox) : mailbox_(mailbox) {}

  // The application's side.
  std::int64_t commit(LaneNumber lane, StoredEvent event);
  void commit_control(std::variant<GapRecord, EpochRecord> record);
  void set_quarantine_full(bool full) { quarantine_full_ = full; }
  /// True when an answer was waiting.
  bool answer_one();
  void answer_all();

  // Backlog.
  void fetch(const FetchRequest& request) override;
  void fetch_control(bool announce) override;
  void settle(std::vector<Settlement> settled) override;
  void settle_control(std::int64_t number, bool is_gap) override;
  void refuse(Refusal refusal) override;
  void fetch_replay(const ReplayFetch& request) override;
  void settle_requeued(Settlement event) override;
  void refuse_requeued(Refusal refusal) override;
  void release() override;
  void claim(const store::ShareClaim& claim) override;
  void records_through(std::uint64_t news) override { records_through_.push_back(news); }

  /// What the next claims are granted, one after another; nullopt: it could not be stored. Nothing left: no answer.
  void grant(std::optional<store::ShareGrant> grant) { grants_.push_back(std::move(grant)); }
  /// Takes a settled row away, as retention does.
  void purge(LaneNumber lane, std::int64_t seq) { purged_.insert({lane, seq}); }
  /// Gives the record with the first page of an answer, as to a consumer who asks below where the epoch began.
  void answer_with(EpochRecord epoch) { replay_epoch_ = std::move(epoch); }
  /// Has a quarantined event sent again.
  void requeue(LaneNumber lane, std::int64_t seq);

  // What happened.
  using SeqsOfLane = std::map<LaneNumber, std::set<std::int64_t>>;
  [[nodiscard]] const SeqsOfLane& settled() const { return settled_; }
  [[nodiscard]] const SeqsOfLane& quarantined() const { return quarantined_; }
  [[nodiscard]] const std::vector<Refusal>& refusals() const { return refusals_; }
  [[nodiscard]] const std::vector<std::string>& breaches() const { return breaches_; }
  [[nodiscard]] const std::vector<ReplayFetch>& replay_fetches() const { return replay_fetches_; }
  using Place = std::pair<LaneNumber, std::int64_t>;
  [[nodiscard]] const std::set<Place>& requeued() const { return requeued_; }
  [[nodiscard]] const std::vector<Refusal>& refused_requeued() const { return refused_requeued_; }
  [[nodiscard]] std::size_t pending(LaneNumber lane) const;
  [[nodiscard]] std::size_t pending_control() const { return control_.size(); }
  [[nodiscard]] std::size_t pinned() const { return pinned_.size(); }
  [[nodiscard]] const std::vector<store::ShareClaim>& claims() const { return claims_; }
  [[nodiscard]] const std::vector<FetchRequest>& orders() const { return orders_; }
  /// Up to which notices the relay said so.
  [[nodiscard]] const std::vector<std::uint64_t>& records_through() const { return records_through_; }
  [[nodiscard]] std::size_t announcements() const { return announcements_; }  ///< asked for
  [[nodiscard]] std::size_t fetches() const { return fetches_; }
  [[nodiscard]] std::size_t settle_calls() const { return settle_calls_; }
  [[nodiscard]] std::size_t events_fetched_most() const { return events_fetched_most_; }

 private:
  void answer_fetch(const FetchRequest& request);
  void answer_refusal(const Refusal& refusal);
  [[nodiscard]] ReplayReply replay_page(const store::ReplayQuestion& question);
  [[nodiscard]] ReplayReply requeued_page(const store::RequeuedPlace& after);
  void breach(std::string what) { breaches_.push_back(std::move(what)); }
  [[nodiscard]] bool is_done(LaneNumber lane, std::int64_t seq) const;

  RelayMailbox& mailbox_;
  std::map<LaneNumber, std::vector<StoredEvent>> rows_;
  std::vector<ControlRecord> control_;
  std::int64_t last_row_ = 0;
  std::deque<std::function<void()>> answers_;
  std::set<LaneNumber> fetching_;
  bool fetching_control_ = false;
  std::size_t announcements_ = 0;
  bool quarantine_full_ = false;
  std::set<std::pair<LaneNumber, std::int64_t>> pinned_;
  std::set<Place> purged_;
  std::optional<EpochRecord> replay_epoch_;
  std::set<Place> requeued_;
  std::vector<Refusal> refused_requeued_;
  std::vector<ReplayFetch> replay_fetches_;
  bool fetching_replay_ = false;
  SeqsOfLane settled_;
  SeqsOfLane quarantined_;
  std::vector<Refusal> refusals_;
  std::vector<std::string> breaches_;
  std::deque<std::optional<store::ShareGrant>> grants_;
  std::vector<store::ShareClaim> claims_;
  std::vector<FetchRequest> orders_;
  std::vector<std::uint64_t> records_through_;
  std::uint64_t news_ = 0;
  std::size_t fetches_ = 0;
  std::size_t settle_calls_ = 0;
  std::size_t events_fetched_most_ = 0;  // of one fetch
};

}  // namespace holdfast::relay::test
