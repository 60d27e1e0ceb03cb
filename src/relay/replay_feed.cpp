// SPDX-License-Identifier: MIT
#include "relay/replay_feed.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/limits.hpp>
#include <utility>

namespace holdfast::relay {
namespace {

std::pair<LaneNumber, std::int64_t> place_of(const ReplayAnswer& what) {
  if (const auto* event = std::get_if<StoredEvent>(&what)) return {event->lane, event->seq};
  if (const auto* gap = std::get_if<GapRecord>(&what)) return {0, -gap->first};
  return {0, 0};
}

}  // namespace

bool ReplayFeed::accept(Parts parts) {
  if (requests() >= limits::kResendRequestsMax) return false;
  Job job;
  job.parts.assign(std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
  if (!job.parts.empty()) jobs_.push_back(std::move(job));
  return true;
}

std::size_t ReplayFeed::requests() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return !job.requeued; }));
}

std::optional<ReplayFetch> ReplayFeed::next_fetch(Instant now) {
  if (resume_at_ && now >= *resume_at_ && in_flight_.empty()) {
    resume_at_.reset();
    drop_page();  // and read again, without what is done
  }
  if (resume_at_) return std::nullopt;
  if (page_open_ && items_.empty() && in_flight_.empty()) end_page();
  if (page_open_ || fetch_ != Fetch::none) return std::nullopt;
  if (std::exchange(requeued_wanted_, false)) {
    if (!jobs_.empty() && jobs_.front().requeued) jobs_.pop_front();  // begins again
    jobs_.push_front({.requeued = true, .parts = {}, .after = {}});
  }
  if (jobs_.empty()) return std::nullopt;
  fetch_ = Fetch::asked;
  const Job& job = jobs_.front();
  if (job.requeued) return ReplayFetch{std::nullopt, job.after};
  return ReplayFetch{job.parts.front(), {}};
}

void ReplayFeed::accept(ReplayReply reply) {
  HOLDFAST_CHECK(fetch_ != Fetch::none);
  if (std::exchange(fetch_, Fetch::none) == Fetch::stale) return;
  const auto add = [this](ReplayAnswer what) {
    if (!done_.contains(place_of(what))) items_.push_back({std::move(what), ++last_number_});
  };
  if (reply.epoch) add(std::move(*reply.epoch));
  for (StoredEvent& event : reply.events) add(std::move(event));
  for (GapRecord& gap : reply.gone) add(std::move(gap));
  reply.events.clear();
  reply.gone.clear();
  reply.epoch.reset();
  page_ = std::move(reply);
  page_open_ = true;
}

const ReplayFeed::Item* ReplayFeed::next() const noexcept {
  if (resume_at_ || items_.empty() || in_flight_.size() >= kReplayInFlightMax) return nullptr;
  return &items_.front();
}

ReplayFeed::Item ReplayFeed::take() {
  HOLDFAST_CHECK(next() != nullptr);
  passed_by_ = 0;
  Item item = std::move(items_.front());
  items_.pop_front();
  const auto [lane, key] = place_of(item.what);
  in_flight_[item.number] = {jobs_.front().requeued, lane, key};
  return item;
}

ReplayFeed::Sent ReplayFeed::answered(std::int64_t number) {
  const auto found = in_flight_.find(number);
  HOLDFAST_CHECK(found != in_flight_.end());
  const Sent sent = found->second;
  in_flight_.erase(found);
  return sent;
}

ReplayFeed::Sent ReplayFeed::acknowledged(std::int64_t number) {
  const Sent sent = answered(number);
  done_.insert({sent.lane, sent.key});
  return sent;
}

ReplayFeed::Refused ReplayFeed::refused(std::int64_t number, bool final, Instant now, std::uint64_t random) {
  const Sent sent = answered(number);
  const std::pair place{sent.lane, sent.key};
  const bool given_up = final || ++tries_[place] >= kReplayTriesMax;
  if (given_up) done_.insert(place);
  if (!final && !resume_at_) {
    resume_at_ = saturating_add(now, breaker_.next(random));
    items_.clear();
  }
  return {sent, given_up};
}

void ReplayFeed::disconnected() {
  in_flight_.clear();
  if (fetch_ == Fetch::asked) fetch_ = Fetch::stale;
  drop_page();
  requeued_wanted_ = true;  // an acknowledgement may have been lost with the store's connection
}

void ReplayFeed::drop_page() {
  items_.clear();
  page_open_ = false;
}

// Everything of the page was answered: the job goes on behind it.
void ReplayFeed::end_page() {
  page_open_ = false;
  done_.clear();
  tries_.clear();
  breaker_.reset();
  Job& job = jobs_.front();
  if (job.requeued) {
    job.after = page_.end;
  } else {
    job.parts.front().after_seq = page_.end_seq;
    if (!page_.more) job.parts.pop_front();
  }
  const bool over = job.requeued ? !page_.more : job.parts.empty();
  if (over) jobs_.pop_front();
}

std::optional<Instant> ReplayFeed::next_call() const noexcept {
  return in_flight_.empty() ? resume_at_ : std::nullopt;
}

}  // namespace holdfast::relay
