// SPDX-License-Identifier: MIT
#include "relay/lane_feed.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

namespace holdfast::relay {

static_assert(kAheadEventsMax <= limits::kFetchEventsMax && kAheadBytesMax <= limits::kFetchBytesMax);

LaneFeed::LaneFeed(LaneSetup setup, flow::BackoffRange pause)
    : setup_(std::move(setup)), end_seq_(setup_.settled_seq), breaker_(pause) {}

void LaneFeed::committed(std::int64_t seq) noexcept {
  committed_seq_ = std::max(committed_seq_, seq);
  if (seq > end_seq_) more_ = true;
}

std::optional<FetchRequest> LaneFeed::next_fetch(Instant now) {
  resume_when_due(now);
  if (resume_at_ || !more_ || fetch_ != Fetch::none) return std::nullopt;
  if (ahead_.size() > kAheadEventsMax / 2 || ahead_bytes_ > kAheadBytesMax / 2) return std::nullopt;
  fetch_ = Fetch::asked;
  asked_about_seq_ = committed_seq_;
  return FetchRequest{setup_.number, end_seq_, kAheadEventsMax - ahead_.size(),
                      kAheadBytesMax - ahead_bytes_};
}

void LaneFeed::accept(FetchReply reply) {
  HOLDFAST_CHECK(fetch_ != Fetch::none && reply.lane == setup_.number);
  if (std::exchange(fetch_, Fetch::none) == Fetch::stale) return;
  HOLDFAST_CHECK(reply.after_seq == end_seq_ && reply.end_seq >= end_seq_);
  HOLDFAST_CHECK(!reply.more || reply.end_seq > end_seq_);  // else we would ask the same for ever
  for (StoredEvent& event : reply.events) {
    HOLDFAST_CHECK(event.seq > end_seq_ && event.seq <= reply.end_seq);
    end_seq_ = event.seq;
    const auto judged = std::any_of(unsettled_.begin(), unsettled_.end(),
                                    [&](const Unsettled& u) { return u.seq == event.seq; });
    if (judged) continue;
    ahead_bytes_ += event.data.size();
    ahead_.push_back(std::move(event));
  }
  end_seq_ = reply.end_seq;
  // What was committed when we asked is in the answer's `more`, unless the span held it back: then settling
  // asks again. Only later commits are news.
  more_ = reply.more || committed_seq_ > std::max(end_seq_, asked_about_seq_);
}

const StoredEvent* LaneFeed::next() const noexcept {
  if (resume_at_ || ahead_.empty() || unsettled_.size() >= kUnsettledMax) return nullptr;
  const bool in_span = ahead_.front().seq - cursor() <= std::int64_t{limits::kSpanMax};
  return in_span ? &ahead_.front() : nullptr;
}

LaneFeed::Taken LaneFeed::take() {
  HOLDFAST_CHECK(next() != nullptr);
  StoredEvent event = std::move(ahead_.front());
  ahead_.pop_front();
  ahead_bytes_ -= event.data.size();
  const auto place = std::upper_bound(unsettled_.begin(), unsettled_.end(), event.seq,
                                      [](std::int64_t seq, const Unsettled& u) { return seq < u.seq; });
  unsettled_.insert(place, {event.seq, Fate::in_flight});
  const bool repeated = event.seq <= handed_out_seq_;
  handed_out_seq_ = std::max(handed_out_seq_, event.seq);
  return {std::move(event), repeated};
}

LaneFeed::UnsettledIt LaneFeed::find(std::int64_t seq, Fate fate) {
  const auto it = std::lower_bound(unsettled_.begin(), unsettled_.end(), seq,
                                   [](const Unsettled& u, std::int64_t s) { return u.seq < s; });
  HOLDFAST_CHECK(it != unsettled_.end() && it->seq == seq && it->fate == fate);
  return it;
}

void LaneFeed::settle(UnsettledIt it) {
  if (it->seq == culprit_) breaker_.reset();
  unsettled_.erase(it);
  if (committed_seq_ > end_seq_) more_ = true;  // the span may have held it back
}

void LaneFeed::acknowledged(std::int64_t seq) { settle(find(seq, Fate::in_flight)); }

void LaneFeed::refused(std::int64_t seq, Instant now, std::uint64_t random) {
  find(seq, Fate::in_flight)->fate = Fate::refused;
  pause(seq, now, random);
}

void LaneFeed::to_be_judged(std::int64_t seq) { find(seq, Fate::in_flight)->fate = Fate::judged; }

void LaneFeed::judged(const RefusalReply& reply, Instant now, std::uint64_t random) {
  const auto it = find(reply.seq, Fate::judged);
  if (reply.quarantined) return settle(it);
  it->fate = Fate::refused;
  pause(reply.seq, now, random);
}

// A window full of refusals is one pause, not sixty-four.
void LaneFeed::pause(std::int64_t culprit, Instant now, std::uint64_t random) {
  if (resume_at_) return;
  resume_at_ = saturating_add(now, breaker_.next(random));
  culprit_ = culprit;
  end_pass();
}

void LaneFeed::resume_when_due(Instant now) {
  if (!resume_at_ || now < *resume_at_ || anything_in_flight()) return;
  resume_at_.reset();
  end_seq_ = cursor();
  std::erase_if(unsettled_, [](const Unsettled& u) { return u.fate == Fate::refused; });
}

void LaneFeed::disconnected() {
  end_seq_ = cursor();
  std::erase_if(unsettled_, [](const Unsettled& u) { return u.fate != Fate::judged; });
  end_pass();
}

void LaneFeed::end_pass() {
  ahead_.clear();
  ahead_bytes_ = 0;
  if (fetch_ == Fetch::asked) fetch_ = Fetch::stale;
  more_ = true;
}

std::int64_t LaneFeed::cursor() const noexcept {
  std::int64_t cursor = end_seq_;
  if (!ahead_.empty()) cursor = std::min(cursor, ahead_.front().seq - 1);
  if (!unsettled_.empty()) cursor = std::min(cursor, unsettled_.front().seq - 1);
  return cursor;
}

std::optional<Instant> LaneFeed::next_call() const noexcept {
  // With an event in flight its answer, or the acknowledgement timeout, calls.
  return anything_in_flight() ? std::nullopt : resume_at_;
}

bool LaneFeed::anything_in_flight() const noexcept {
  return std::any_of(unsettled_.begin(), unsettled_.end(),
                     [](const Unsettled& u) { return u.fate == Fate::in_flight; });
}

}  // namespace holdfast::relay
