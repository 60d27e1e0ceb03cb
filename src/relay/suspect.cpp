// SPDX-License-Identifier: MIT
#include "relay/suspect.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

#include "relay/answer.hpp"

namespace holdfast::relay {

// MQTT 5, section 3.14.2.1. The others speak of the client, the broker or its load.
bool blames_a_message(std::int32_t reason) noexcept {
  switch (reason) {
    case 0:                      // the network, or a broker that just closes
    case 0x80:                   // unspecified
    case 0x81:                   // malformed packet
    case 0x82:                   // protocol error
    case 0x83:                   // implementation specific
    case kNotAuthorised:         // AWS IoT hangs up on a topic that its policy denies
    case kTopicNameInvalid:      //
    case kPacketTooLarge:        //
    case kPayloadFormatInvalid:  //
      return true;
    default: return false;
  }
}

void Suspects::begun(Instant now) noexcept {
  end_connection();
  begun_at_ = now;
}

void Suspects::end_connection() noexcept {
  begun_at_.reset();
  tried_now_.reset();
  try_ = Try::none;
  for (Entry& entry : entries_) entry.carried = false;
}

void Suspects::acknowledged(const EventPlace& event) noexcept {
  if (entries_.empty() && !head_ && careful_left_ == 0) return;  // nearly always
  clear(event);
  careful_left_ -= careful_left_ > 0 ? 1U : 0U;
  for (Entry& entry : entries_)
    entry.other_passed = entry.other_passed || (entry.was_tried && !entry.carried);
}

void Suspects::clear(const EventPlace& event) noexcept {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.suspect.event == event; });
  if (head_ == event) head_.reset();
  if (tried_now_ != event) return;
  tried_now_.reset();
  try_ = Try::none;
}

void Suspects::died(const Death& death, Instant now, std::uint64_t random) {
  if (!blames_a_message(death.reason)) return dropped(now, random);
  if (try_ == Try::in_flight) {
    died_alone(death.reason, now, random);
  } else if (death.oldest) {
    count(death, now);
  }
  end_connection();
}

void Suspects::died_alone(std::int32_t reason, Instant now, std::uint64_t random) noexcept {
  for (Entry& entry : entries_) {
    if (entry.suspect.event != *tried_now_) continue;
    entry.suspect.reason = reason;
    entry.suspect.guilty = proved_;
    entry.try_at = saturating_add(now, entry.breaker.next(random));
  }
}

void Suspects::count(const Death& death, Instant now) {
  if (death.passed) {
    head_.reset();
    return;
  }
  deaths_ = head_ == death.oldest ? deaths_ + 1 : 1;
  head_ = death.oldest;
  if (deaths_ < deaths_max_ && death.reason != kPacketTooLarge && !is_careful()) return;
  add(*head_, death.reason, now);
  head_.reset();
}

void Suspects::add(const EventPlace& event, std::int32_t reason, Instant now) {
  careful_left_ = kCarefulEvents;
  if (entries_.size() >= kSuspectsMax) return;
  entries_.push_back({{event, reason, false}, flow::Backoff(pause_), now});
}

void Suspects::dropped(Instant now, std::uint64_t random) noexcept {
  for (Entry& entry : entries_) {
    const bool was_tried = try_ == Try::in_flight && entry.suspect.event == *tried_now_;
    if (was_tried) entry.try_at = saturating_add(now, entry.breaker.next(random));
  }
  end_connection();
}

bool Suspects::is_proved(const Entry& entry, Instant now) const noexcept {
  return entry.may_be_proved() && now >= saturating_add(*begun_at_, kProofTime);
}

// After a death alone the others go first, if there are any; and a proof is worth waiting for.
Instant Suspects::next_try(const Entry& entry) const noexcept {
  if (!entry.was_tried) return entry.try_at;
  if (!entry.may_be_proved()) return std::max(entry.try_at, saturating_add(*begun_at_, kOthersTime));
  return std::min(saturating_add(*begun_at_, kProofTime), saturating_add(entry.try_at, kUnprovedTime));
}

bool Suspects::is_due(const Entry& entry, Instant now) const noexcept {
  return !entry.suspect.guilty && now >= next_try(entry);
}

std::optional<EventPlace> Suspects::alone(Instant now) noexcept {
  if (entries_.empty() || !begun_at_) return std::nullopt;
  if (try_ != Try::none) return tried_now_;
  for (const Entry& entry : entries_) {
    if (!is_due(entry, now)) continue;
    tried_now_ = entry.suspect.event;
    try_ = Try::about_to_be_sent;
    proved_ = is_proved(entry, now);
    return tried_now_;
  }
  return std::nullopt;
}

void Suspects::sent_alone() noexcept {
  HOLDFAST_CHECK(try_ == Try::about_to_be_sent);
  try_ = Try::in_flight;
  for (Entry& entry : entries_) {
    if (entry.suspect.event != *tried_now_) continue;
    entry.carried = true;
    if (!std::exchange(entry.was_tried, true)) ++tried_;
  }
}

void Suspects::spare(const EventPlace& event, flow::BackoffRange pause, Instant now, std::uint64_t random) {
  for (Entry& entry : entries_) {
    if (entry.suspect.event != event) continue;
    if (!std::exchange(entry.spared, true)) entry.breaker = flow::Backoff(pause);
    entry.suspect.guilty = false;
    entry.try_at = saturating_add(now, entry.breaker.next(random));
  }
}

bool Suspects::contain(const EventPlace& event) const noexcept {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.suspect.event == event; });
}

std::vector<Suspects::Suspect> Suspects::all() const {
  std::vector<Suspect> all;
  for (const Entry& entry : entries_) all.push_back(entry.suspect);
  return all;
}

Instant Suspects::next_call() const noexcept {
  Instant next = Instant::max();
  if (!begun_at_ || try_ != Try::none) return next;  // an answer calls
  for (const Entry& entry : entries_) {
    if (entry.suspect.guilty) continue;
    next = std::min(next, next_try(entry));
  }
  return next;
}

}  // namespace holdfast::relay
