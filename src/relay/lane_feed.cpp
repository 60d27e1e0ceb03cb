// SPDX-License-Identifier: MIT
#include "relay/lane_feed.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

#include "relay/answer.hpp"

namespace holdfast::relay {
namespace {

constexpr auto kSpan = static_cast<std::int64_t>(limits::kSpanMax);

}  // namespace

static_assert(kAheadEventsMax <= limits::kFetchEventsMax && kAheadBytesMax <= limits::kFetchBytesMax);

// 30 s to 15 min with the default options.
flow::BackoffRange denied_pause(const RelayOptions& options) {
  return {Duration::zero(), 60 * options.backoff_min, 15 * options.backoff_max};
}

LaneRules rules_for(const std::string& lane, const RelayOptions& options) {
  LaneRules rules;
  rules.pause = {Duration::zero(), options.backoff_min, options.backoff_max};
  rules.denied_pause = denied_pause(options);
  rules.denied_patience = options.denied_patience;
  for (const LaneRelayOptions& named : options.lanes) {
    if (named.name != lane) continue;
    rules.ordering = named.ordering;
    rules.after_refusal = named.after_refusal;
    rules.spread = named.spread;
  }
  if (rules.holds()) rules.denied_patience = Duration::max();
  return rules;
}

LaneFeed::LaneFeed(LaneSetup setup, const LaneRules& rules)
    : setup_(std::move(setup)),
      rules_(rules),
      end_seq_(setup_.settled_seq),
      parked_(rules.denied_pause, rules.denied_patience),
      breaker_(rules.pause) {}

// --- towards the store ---

void LaneFeed::committed(std::int64_t seq) noexcept {
  committed_seq_ = std::max(committed_seq_, seq);
  if (seq > end_seq_) more_ = true;
}

std::optional<FetchRequest> LaneFeed::next_fetch(Instant now) {
  now_ = now;
  if (!only_) {
    resume_when_due(now);
    look_after_parked(now);
    if (resume_at_) return std::nullopt;
  }
  const bool has_it = only_ && (only_->gone || end_seq_ >= only_->seq);
  if (!more_ || fetch_ != Fetch::none || has_it) return std::nullopt;
  if (ahead_.size() > kAheadEventsMax / 2 || ahead_bytes_ > kAheadBytesMax / 2) return std::nullopt;
  fetch_ = Fetch::asked;
  asked_about_seq_ = committed_seq_;
  const std::size_t events = only_ ? 1 : kAheadEventsMax - ahead_.size();
  return FetchRequest{.lane = setup_.number,
                      .after_seq = end_seq_,
                      .events_max = events,
                      .bytes_max = kAheadBytesMax - ahead_bytes_,
                      .spread = rules_.spread};
}

void LaneFeed::accept(FetchReply reply) {
  HOLDFAST_CHECK(fetch_ != Fetch::none && reply.lane == setup_.number);
  if (std::exchange(fetch_, Fetch::none) == Fetch::stale) return;
  HOLDFAST_CHECK(reply.after_seq == end_seq_ && reply.end_seq >= end_seq_);
  HOLDFAST_CHECK(!reply.more || reply.end_seq > end_seq_);  // else we would ask the same for ever
  for (StoredEvent& event : reply.events) {
    HOLDFAST_CHECK(event.seq > end_seq_ && event.seq <= reply.end_seq);
    end_seq_ = event.seq;
    if (!is_unsettled(event.seq) && (!only_ || event.seq == only_->seq)) put_ahead(std::move(event));
  }
  end_seq_ = reply.end_seq;
  // What was committed when we asked is in the answer's `more`, unless the span held it back: then settling
  // asks again. Only later commits are news.
  more_ = reply.more || committed_seq_ > std::max(end_seq_, asked_about_seq_);
  if (only_) only_->gone = ahead_.empty();
}

void LaneFeed::put_ahead(StoredEvent event) {
  ahead_bytes_ += event.data.size();
  const ParkedTopics::Event names{event.seq, hash_of(event.topic),
                                  rules_.strict() ? hash_of(event.key) : TextHash{0}};
  ahead_.push_back({std::move(event), names});
}

// --- towards the wire ---

const StoredEvent* LaneFeed::next() {
  if (only_) {
    look_ = Look::send;
    return ahead_.empty() ? nullptr : &ahead_.front().event;
  }
  if (resume_at_ || ahead_.empty() || unsettled_.size() >= kUnsettledMax) return nullptr;
  return find_next() ? &ahead_[next_].event : nullptr;
}

// What waits for a topic, a held key or a trial leaves the memory; what waits for the answer to an earlier event
// of its key stays, since that is a matter of a round trip.
bool LaneFeed::find_next() {
  while (next_ < ahead_.size() && in_span(ahead_[next_].names.seq)) {
    look_ = look_at(ahead_[next_].names);
    if (look_ == Look::its_key_is_busy) {
      next_ += 1;
    } else if (look_ == Look::passes_by) {
      pass_by(next_);
    } else {
      return true;
    }
  }
  return false;
}

LaneFeed::Look LaneFeed::look_at(const ParkedTopics::Event& event) {
  if (!left_out_.empty()) {
    if (const LeftOut* out = left_out(event.seq)) return out->condemned ? Look::give_up : Look::passes_by;
  }
  if (rules_.strict()) {
    if (waiting_keys_.block(event.key, event.seq)) return Look::passes_by;
    const bool busy = std::any_of(unsettled_.begin(), unsettled_.end(),
                                  [&](const Unsettled& u) { return u.names.key == event.key; });
    if (busy) return Look::its_key_is_busy;
  }
  if (parked_.empty()) return Look::send;
  switch (parked_.reached(event, now_)) {
    case ParkedTopics::Verdict::send: return Look::send;
    case ParkedTopics::Verdict::probe: return Look::probe;
    case ParkedTopics::Verdict::give_up: return Look::give_up;
    case ParkedTopics::Verdict::wait: return Look::passes_by;
  }
  return Look::send;
}

void LaneFeed::pass_by(std::size_t index) {
  const ParkedTopics::Event event = ahead_[index].names;
  if (LeftOut* out = left_out(event.seq)) {
    out->waiting = true;
  } else {
    parked_.waits(event, now_);
  }
  if (rules_.strict()) waiting_keys_.waits(event.key, event.seq);
  ahead_bytes_ -= ahead_[index].event.data.size();
  ahead_.erase(ahead_.begin() + static_cast<std::ptrdiff_t>(index));
}

LaneFeed::Taken LaneFeed::take() {
  HOLDFAST_CHECK(next() != nullptr);
  const std::size_t index = only_ ? 0 : next_;
  Taken taken{std::move(ahead_[index].event), false, std::nullopt};
  const ParkedTopics::Event names = ahead_[index].names;
  ahead_.erase(ahead_.begin() + static_cast<std::ptrdiff_t>(index));
  ahead_bytes_ -= taken.event.data.size();
  unsettled_.insert(place_of(names.seq), {names, Fate::in_flight});
  if (look_ == Look::give_up) {
    const LeftOut* out = left_out(names.seq);
    taken.give_up = out != nullptr ? *out->condemned : kNotAuthorised;
    return taken;
  }
  if (look_ == Look::probe) parked_.probing(names);
  taken.repeated = was_handed_out(names.seq);
  return taken;
}

// Notes it, too. Exact, because nothing is handed out that is a span above the cursor.
bool LaneFeed::was_handed_out(std::int64_t seq) noexcept {
  if (seq > handed_out_seq_ + kSpan) handed_out_.reset();
  for (std::int64_t s = std::max(handed_out_seq_, seq - kSpan) + 1; s <= seq; ++s) {
    handed_out_.reset(static_cast<std::size_t>(s % kSpan));
  }
  handed_out_seq_ = std::max(handed_out_seq_, seq);
  const auto bit = static_cast<std::size_t>(seq % kSpan);
  const bool before = handed_out_.test(bit);
  handed_out_.set(bit);
  return before;
}

// --- what became of it ---

LaneFeed::UnsettledIt LaneFeed::place_of(std::int64_t seq) {
  return std::lower_bound(unsettled_.begin(), unsettled_.end(), seq,
                          [](const Unsettled& u, std::int64_t s) { return u.names.seq < s; });
}

LaneFeed::UnsettledIt LaneFeed::find(std::int64_t seq, Fate fate) {
  const auto it = place_of(seq);
  HOLDFAST_CHECK(it != unsettled_.end() && it->names.seq == seq && it->fate == fate);
  return it;
}

bool LaneFeed::is_unsettled(std::int64_t seq) {
  const auto it = place_of(seq);
  return it != unsettled_.end() && it->names.seq == seq;
}

void LaneFeed::settle(UnsettledIt it) {
  const std::int64_t seq = it->names.seq;
  if (seq == culprit_) breaker_.reset();
  if (homeless_seq_ == seq) homeless_seq_.reset();
  unsettled_.erase(it);
  next_ = 0;                                    // its key is free
  if (committed_seq_ > end_seq_) more_ = true;  // the span may have held it back
}

void LaneFeed::acknowledged(std::int64_t seq) {
  const auto it = find(seq, Fate::in_flight);
  const ParkedTopics::Event names = it->names;
  settle(it);
  if (parked_.empty()) return;
  if (const auto waiting = parked_.acknowledged(names)) go_back_to(*waiting);
}

void LaneFeed::refused(std::int64_t seq, Instant now, std::uint64_t random) {
  find(seq, Fate::in_flight)->fate = Fate::refused;
  parked_.answered_otherwise(seq, now, random);
  pause(seq, now, random);
}

bool LaneFeed::denied(std::int64_t seq, Instant now, std::uint64_t random) {
  const auto it = find(seq, Fate::in_flight);
  const ParkedTopics::Event names = it->names;
  if (!parked_.park(ParkedTopics::Kind::topic, names, now, random)) {
    refused(seq, now, random);
    return true;
  }
  if (parked_.is_given_up(names, now)) return false;
  set_aside(it);
  return true;
}

bool LaneFeed::give_up(std::int64_t seq, Instant now, std::uint64_t random) {
  const auto it = find(seq, Fate::in_flight);
  const ParkedTopics::Event names = it->names;
  parked_.answered_otherwise(seq, now, random);
  if (!rules_.holds()) {
    it->fate = Fate::judged;
    return true;
  }
  if (!parked_.park(ParkedTopics::Kind::key, names, now, random)) {
    refused(seq, now, random);
    return false;
  }
  set_aside(it);
  return false;
}

void LaneFeed::judged(const RefusalReply& reply, Instant now, std::uint64_t random) {
  const auto it = find(reply.seq, Fate::judged);
  const ParkedTopics::Event names = it->names;
  if (reply.quarantined) {
    homeless_seq_.reset();
    std::erase_if(left_out_, [&](const LeftOut& out) { return out.seq == reply.seq; });
    return settle(it);
  }
  homeless_seq_ = reply.seq;
  if (parked_.has_no_place(names, now, random)) return set_aside(it);
  it->fate = Fate::refused;
  pause(reply.seq, now, random);
}

// It waits for its topic or key, and later events of its key wait with it, those in memory too.
void LaneFeed::set_aside(UnsettledIt it) {
  if (rules_.strict()) waiting_keys_.waits(it->names.key, it->names.seq);
  unsettled_.erase(it);
  next_ = 0;
}

// --- passes ---

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
  const std::int64_t from = cursor();
  std::erase_if(unsettled_, [](const Unsettled& u) { return u.fate == Fate::refused; });
  begin_pass_at(from);
}

void LaneFeed::look_after_parked(Instant now) {
  if (resume_at_ || parked_.empty()) return;
  if (const auto waiting = parked_.due(now)) go_back_to(*waiting);
  if (is_idle()) parked_.forget_idle(now);
}

void LaneFeed::disconnected() {
  const std::int64_t from = cursor();
  std::erase_if(unsettled_, [](const Unsettled& u) { return u.fate != Fate::judged; });
  only_.reset();
  parked_.disconnected();
  begin_pass_at(from);
}

bool LaneFeed::quiet() const noexcept {
  return fetch_ == Fetch::none && std::all_of(unsettled_.begin(), unsettled_.end(),
                                              [](const Unsettled& u) { return u.fate == Fate::refused; });
}

void LaneFeed::restart(std::int64_t settled_seq) {
  HOLDFAST_CHECK(quiet());
  unsettled_.clear();
  left_out_.clear();
  only_.reset();
  resume_at_.reset();
  homeless_seq_.reset();
  parked_ = ParkedTopics(rules_.denied_pause, rules_.denied_patience);
  begin_pass_at(settled_seq);
}

void LaneFeed::go_back_to(std::int64_t seq) {
  std::int64_t from = std::min(seq - 1, end_seq_);
  if (!ahead_.empty()) from = std::min(from, ahead_.front().names.seq - 1);
  begin_pass_at(from);
}

// What waits above it will be reached again.
void LaneFeed::begin_pass_at(std::int64_t seq) {
  end_seq_ = seq;
  parked_.went_back_to(seq);
  waiting_keys_.went_back_to(seq);
  for (LeftOut& out : left_out_) out.waiting = out.waiting && out.seq <= seq;
  end_pass();
}

void LaneFeed::end_pass() {
  // With strict order events that are not handed out yet may be below those that are.
  if (!ahead_.empty()) end_seq_ = std::min(end_seq_, ahead_.front().names.seq - 1);
  ahead_.clear();
  ahead_bytes_ = 0;
  next_ = 0;
  if (fetch_ == Fetch::asked) fetch_ = Fetch::stale;
  more_ = true;
}

// --- suspects ---

LaneFeed::LeftOut* LaneFeed::left_out(std::int64_t seq) noexcept {
  const auto found =
      std::find_if(left_out_.begin(), left_out_.end(), [&](const LeftOut& out) { return out.seq == seq; });
  return found == left_out_.end() ? nullptr : &*found;
}

void LaneFeed::leave_out(std::int64_t seq) {
  if (left_out(seq) == nullptr) left_out_.push_back({seq, false, std::nullopt});
}

void LaneFeed::let_in(std::int64_t seq) {
  const LeftOut* out = left_out(seq);
  if (out == nullptr) return;
  const bool waiting = out->waiting;
  std::erase_if(left_out_, [&](const LeftOut& each) { return each.seq == seq; });
  if (waiting) go_back_to(seq);
}

void LaneFeed::condemn(std::int64_t seq, std::int32_t reason) {
  LeftOut* out = left_out(seq);
  HOLDFAST_CHECK(out != nullptr);
  out->condemned = reason;
  if (out->waiting) go_back_to(seq);
}

void LaneFeed::only(std::int64_t seq) {
  if (only_ && only_->seq == seq) return;
  HOLDFAST_CHECK(!anything_in_flight());
  only_ = Only{seq, cursor(), false};
  end_pass();
  end_seq_ = seq - 1;
}

void LaneFeed::everything() {
  if (!only_) return;
  const std::int64_t from = cursor();
  only_.reset();
  begin_pass_at(from);
}

// --- looking ---

bool LaneFeed::in_span(std::int64_t seq) const noexcept { return seq - cursor() <= kSpan; }

std::int64_t LaneFeed::cursor() const noexcept {
  std::int64_t cursor = end_seq_;
  if (!ahead_.empty()) cursor = std::min(cursor, ahead_.front().names.seq - 1);
  if (!unsettled_.empty()) cursor = std::min(cursor, unsettled_.front().names.seq - 1);
  if (!parked_.empty()) cursor = std::min(cursor, parked_.lowest().value_or(cursor + 1) - 1);
  for (const LeftOut& out : left_out_) {
    if (out.waiting) cursor = std::min(cursor, out.seq - 1);
  }
  return only_ ? std::min(cursor, only_->cursor) : cursor;
}

std::optional<Instant> LaneFeed::next_call() const noexcept {
  // With an event in flight its answer, or the acknowledgement timeout, calls.
  if (only_) return std::nullopt;
  if (resume_at_) return anything_in_flight() ? std::nullopt : resume_at_;
  if (parked_.empty()) return std::nullopt;
  const Instant due = parked_.next_due(is_idle());
  return due == Instant::max() ? std::nullopt : std::optional(due);
}

bool LaneFeed::is_idle() const noexcept {
  return ahead_.empty() && unsettled_.empty() && !more_ && fetch_ == Fetch::none;
}

bool LaneFeed::anything_in_flight() const noexcept {
  return std::any_of(unsettled_.begin(), unsettled_.end(),
                     [](const Unsettled& u) { return u.fate == Fate::in_flight; });
}

}  // namespace holdfast::relay
