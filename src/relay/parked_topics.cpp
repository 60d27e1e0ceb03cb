// SPDX-License-Identifier: MIT
#include "relay/parked_topics.hpp"

#include <algorithm>
#include <functional>

namespace holdfast::relay {

TextHash hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

ParkedTopics::Verdict ParkedTopics::verdict_of(const Parked& parked, const Event& event,
                                               Instant now) noexcept {
  const bool lowest = !parked.waiting || event.seq <= *parked.waiting;
  if (parked.probe_due(now) && lowest) return Verdict::probe;
  return now >= parked.give_up_at ? Verdict::give_up : Verdict::wait;
}

// Topic and key may both be parked: the event is sent when both agree.
ParkedTopics::Verdict ParkedTopics::reached(const Event& event, Instant now) const noexcept {
  Verdict verdict = Verdict::send;
  for (const Parked& parked : parked_) {
    if (!parked.is_of(event)) continue;
    const Verdict one = verdict_of(parked, event, now);
    if (one == Verdict::wait) return one;
    if (one == Verdict::give_up || verdict == Verdict::send) verdict = one;
  }
  return verdict;
}

void ParkedTopics::waits(const Event& event, Instant now) noexcept {
  for (Parked& parked : parked_) {
    if (!parked.is_of(event)) continue;
    // It would have been the probe, but something else holds it: to look again at once would be to spin.
    const bool was_its_turn = verdict_of(parked, event, now) != Verdict::wait;
    if (was_its_turn) {
      const Instant later = saturating_add(now, std::max<Duration>(parked.pause, std::chrono::seconds(1)));
      parked.probe_at = std::max(parked.probe_at, later);
      if (parked.give_up_at <= now) parked.give_up_at = later;
    }
    add_waiting(parked, event.seq);
  }
}

void ParkedTopics::add_waiting(Parked& parked, std::int64_t seq) noexcept {
  parked.waiting = std::min(seq, parked.waiting.value_or(seq));
}

void ParkedTopics::probing(const Event& event) noexcept {
  for (Parked& parked : parked_) {
    if (parked.is_of(event)) parked.probe = event.seq;
  }
}

ParkedTopics::Parked* ParkedTopics::find(Kind kind, TextHash hash) noexcept {
  const auto found = std::find_if(parked_.begin(), parked_.end(),
                                  [&](const Parked& p) { return p.kind == kind && p.hash == hash; });
  return found == parked_.end() ? nullptr : &*found;
}

std::size_t ParkedTopics::count(Kind kind) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(parked_.begin(), parked_.end(), [&](const Parked& p) { return p.kind == kind; }));
}

bool ParkedTopics::park(Kind kind, const Event& event, Instant now, std::uint64_t random) {
  const TextHash hash = kind == Kind::topic ? event.topic : event.key;
  answered_otherwise(event.seq, now, random);  // of its probes this was the answer
  Parked* parked = find(kind, hash);
  if (parked == nullptr) {
    if (parked_.size() >= limits::kParkedTopicsMax) return false;
    const Instant given_up = kind == Kind::topic ? saturating_add(now, patience_) : Instant::max();
    parked = &parked_.emplace_back(Parked{kind, hash, flow::Backoff(pause_), {}, now, given_up, {}, {}});
    back_off(*parked, now, random);
  }
  add_waiting(*parked, event.seq);
  return true;
}

void ParkedTopics::back_off(Parked& parked, Instant now, std::uint64_t random) noexcept {
  parked.pause = parked.breaker.next(random);
  parked.probe_at = saturating_add(now, parked.pause);
}

bool ParkedTopics::is_given_up(const Event& event, Instant now) const noexcept {
  return std::any_of(parked_.begin(), parked_.end(),
                     [&](const Parked& p) { return p.is_of(event) && now >= p.give_up_at; });
}

bool ParkedTopics::has_no_place(const Event& event, Instant now, std::uint64_t random) noexcept {
  Parked* parked = find(Kind::topic, event.topic);
  if (parked == nullptr) return false;
  if (parked->give_up_at <= now) {  // a window full of them is one pause
    parked->give_up_at = saturating_add(now, parked->breaker.next(random));
  }
  add_waiting(*parked, event.seq);
  return true;
}

std::optional<std::int64_t> ParkedTopics::acknowledged(const Event& event) noexcept {
  std::optional<std::int64_t> back;
  std::erase_if(parked_, [&](const Parked& parked) {
    if (!parked.is_of(event)) return false;
    if (parked.waiting) back = std::min(*parked.waiting, back.value_or(*parked.waiting));
    return true;
  });
  return back;
}

void ParkedTopics::answered_otherwise(std::int64_t seq, Instant now, std::uint64_t random) noexcept {
  for (Parked& parked : parked_) {
    if (parked.probe != seq) continue;
    parked.probe.reset();
    back_off(parked, now, random);
  }
}

void ParkedTopics::disconnected() noexcept {
  for (Parked& parked : parked_) {
    parked.probe.reset();
    parked.waiting.reset();
  }
}

void ParkedTopics::went_back_to(std::int64_t seq) noexcept {
  for (Parked& parked : parked_) {
    if (parked.waiting && *parked.waiting > seq) parked.waiting.reset();
  }
}

std::optional<std::int64_t> ParkedTopics::due(Instant now) const noexcept {
  std::optional<std::int64_t> lowest;
  for (const Parked& parked : parked_) {
    if (!parked.waiting || !(parked.probe_due(now) || now >= parked.give_up_at)) continue;
    lowest = std::min(*parked.waiting, lowest.value_or(*parked.waiting));
  }
  return lowest;
}

void ParkedTopics::forget_idle(Instant now) noexcept {
  std::erase_if(parked_, [&](const Parked& p) { return !p.waiting && p.probe_due(now); });
}

Instant ParkedTopics::next_due(bool idle) const noexcept {
  Instant next = Instant::max();
  for (const Parked& parked : parked_) {
    if (!parked.probe && (parked.waiting || idle)) next = std::min(next, parked.probe_at);
    if (parked.waiting) next = std::min(next, parked.give_up_at);
  }
  return next;
}

std::optional<std::int64_t> ParkedTopics::lowest() const noexcept {
  std::optional<std::int64_t> lowest;
  for (const Parked& parked : parked_) {
    if (parked.waiting) lowest = std::min(*parked.waiting, lowest.value_or(*parked.waiting));
  }
  return lowest;
}

}  // namespace holdfast::relay
