// SPDX-License-Identifier: MIT
#include "unit/relay/memory_backlog.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>

namespace holdfast::relay::test {

std::int64_t MemoryBacklog::commit(LaneNumber lane, StoredEvent event) {
  auto& rows = rows_[lane];
  event.lane = lane;
  event.seq = static_cast<std::int64_t>(rows.size()) + 1;
  rows.push_back(std::move(event));
  mailbox_.committed(lane, rows.back().seq);
  return rows.back().seq;
}

void MemoryBacklog::commit_control(std::variant<GapRecord, EpochRecord> record) {
  control_.push_back({++last_row_, std::move(record)});
  mailbox_.control_committed(++news_);
}

bool MemoryBacklog::answer_one() {
  if (answers_.empty()) return false;
  const auto answer = std::move(answers_.front());
  answers_.pop_front();
  answer();
  return true;
}

void MemoryBacklog::answer_all() {
  while (answer_one()) {
  }
}

bool MemoryBacklog::is_done(LaneNumber lane, std::int64_t seq) const {
  const auto has = [&](const SeqsOfLane& seqs) { return seqs.contains(lane) && seqs.at(lane).contains(seq); };
  return has(settled_) || has(quarantined_);
}

std::size_t MemoryBacklog::pending(LaneNumber lane) const {
  if (!rows_.contains(lane)) return 0;
  // Asked after every step: nobody is settled and quarantined, so counting will do.
  const auto count = [&](const SeqsOfLane& seqs) { return seqs.contains(lane) ? seqs.at(lane).size() : 0; };
  return rows_.at(lane).size() - count(settled_) - count(quarantined_);
}

void MemoryBacklog::fetch(const FetchRequest& request) {
  fetches_ += 1;
  orders_.push_back(request);
  if (!fetching_.insert(request.lane).second) breach("two fetches of one lane at once");
  if (request.events_max < 1 || request.events_max > limits::kFetchEventsMax) breach("fetch out of bounds");
  answers_.emplace_back([this, request] { answer_fetch(request); });
}

void MemoryBacklog::answer_fetch(const FetchRequest& request) {
  FetchReply reply{request.lane, request.after_seq, {}, request.after_seq, false};
  std::size_t bytes = 0;
  for (const StoredEvent& row : rows_[request.lane]) {
    if (row.seq <= request.after_seq) continue;
    const bool done = is_done(request.lane, row.seq);
    const bool fits = reply.events.size() < request.events_max &&
                      (reply.events.empty() || bytes + row.data.size() <= request.bytes_max);
    if (!done && !fits) {
      reply.more = true;
      break;
    }
    reply.end_seq = row.seq;
    if (done) continue;
    bytes += row.data.size();
    reply.events.push_back(row);
    pinned_.insert({row.lane, row.seq});
  }
  events_fetched_most_ = std::max(events_fetched_most_, reply.events.size());
  fetching_.erase(request.lane);
  mailbox_.put(std::move(reply));
}

void MemoryBacklog::fetch_control(bool announce) {
  if (announce) announcements_ += 1;
  if (std::exchange(fetching_control_, true)) breach("two control fetches at once");
  answers_.emplace_back([this] {
    fetching_control_ = false;
    mailbox_.put(control_);
  });
}

void MemoryBacklog::settle(std::vector<Settlement> settled) {
  settle_calls_ += 1;
  if (settled.empty()) breach("settled nothing");
  for (const Settlement& s : settled) {
    if (!pinned_.contains({s.lane, s.seq})) breach("settled what was not fetched");
    if (is_done(s.lane, s.seq)) breach("settled twice");
    settled_[s.lane].insert(s.seq);
  }
}

void MemoryBacklog::settle_control(std::int64_t number, bool is_gap) {
  const auto removed = std::erase_if(control_, [&](const ControlRecord& r) {
    return r.number == number && std::holds_alternative<GapRecord>(r.record) == is_gap;
  });
  if (removed != 1) breach("settled a control record that is not there");
}

void MemoryBacklog::refuse(Refusal refusal) {
  if (is_done(refusal.lane, refusal.seq)) breach("refused what is settled");
  if (refusal.final) answers_.emplace_back([this, refusal] { answer_refusal(refusal); });
  refusals_.push_back(std::move(refusal));
}

void MemoryBacklog::answer_refusal(const Refusal& refusal) {
  if (is_done(refusal.lane, refusal.seq)) breach("judged twice");
  if (!quarantine_full_) {
    quarantined_[refusal.lane].insert(refusal.seq);
    GapRecord gap;
    gap.epoch = Epoch{7};
    gap.lane = "lane" + std::to_string(refusal.lane);
    gap.id = gap.epoch.text() + "-" + gap.lane + "-gap-" + std::to_string(last_row_ + 1);
    gap.first = gap.last = refusal.seq;
    gap.missing = 1;
    gap.reason = "quarantined";
    commit_control(std::move(gap));
  }
  mailbox_.put(RefusalReply{refusal.lane, refusal.seq, !quarantine_full_});
}

void MemoryBacklog::fetch_replay(const ReplayFetch& request) {
  if (std::exchange(fetching_replay_, true)) breach("two replay fetches at once");
  replay_fetches_.push_back(request);
  answers_.emplace_back([this, request] {
    fetching_replay_ = false;
    mailbox_.put(request.question ? replay_page(*request.question) : requeued_page(request.after));
  });
}

// Pages of four, so that a test needs few events to see several.
ReplayReply MemoryBacklog::replay_page(const store::ReplayQuestion& question) {
  ReplayReply reply;
  if (question.after_seq == 0) reply.epoch = replay_epoch_;
  reply.end_seq = question.last_seq;
  for (const auto& [lane, rows] : rows_) {
    if ("lane" + std::to_string(lane) != question.lane) continue;
    for (const StoredEvent& row : rows) {
      if (row.seq <= question.after_seq || row.seq > question.last_seq || !is_done(lane, row.seq)) continue;
      if (reply.events.size() + reply.gone.size() == 4) {
        reply.more = true;
        return reply;
      }
      reply.end_seq = row.seq;
      if (!purged_.contains({lane, row.seq})) {
        reply.events.push_back(row);
        continue;
      }
      const std::string id = row.epoch.text() + "-" + question.lane + "-gap-" + std::to_string(row.seq);
      reply.gone.push_back({id, row.epoch, question.lane, row.seq, row.seq, 1, 0, "not_retained"});
    }
  }
  reply.end_seq = question.last_seq;
  return reply;
}

ReplayReply MemoryBacklog::requeued_page(const store::RequeuedPlace& after) {
  ReplayReply reply;
  reply.end = after;
  for (const auto& [lane, seq] : requeued_) {
    if (Place{lane, seq} <= Place{after.lane, after.seq}) continue;
    reply.events.push_back(rows_.at(lane).at(static_cast<std::size_t>(seq) - 1));
    reply.end = {lane, seq};
  }
  return reply;
}

void MemoryBacklog::requeue(LaneNumber lane, std::int64_t seq) {
  if (!quarantined_[lane].contains(seq)) breach("requeued what is not in quarantine");
  requeued_.insert({lane, seq});
  mailbox_.requeued();
}

void MemoryBacklog::settle_requeued(Settlement event) {
  if (requeued_.erase({event.lane, event.seq}) != 1) breach("released what was not requeued");
}

void MemoryBacklog::refuse_requeued(Refusal refusal) {
  requeued_.erase({refusal.lane, refusal.seq});
  refused_requeued_.push_back(std::move(refusal));
}

void MemoryBacklog::release() { pinned_.clear(); }

void MemoryBacklog::claim(const store::ShareClaim& claim) {
  claims_.push_back(claim);
  if (grants_.empty()) return;
  answers_.push_back([this, grant = std::move(grants_.front())] { mailbox_.put(grant); });
  grants_.pop_front();
}

}  // namespace holdfast::relay::test
