// SPDX-License-Identifier: MIT
#include "inbox/resend_plan.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>
#include <utility>

#include "wire/identity.hpp"

namespace holdfast::inbox {
namespace {

std::int64_t seqs_of(const ResendRange& range) noexcept { return range.last - range.first + 1; }

/// Adds as much of first..last as the request has room for.
void add(ResendAsk& ask, std::int64_t& seqs_left, ResendRange range) {
  if (seqs_left == 0 || ask.ranges.size() >= limits::kResendRangesMax) return;
  range.last = std::min(range.last, range.first + seqs_left - 1);
  seqs_left -= seqs_of(range);
  ask.ranges.push_back(std::move(range));
}

}  // namespace

std::vector<ResendAsk> ResendPlan::next(std::span<const MissingRange> missing, Instant now) {
  note(missing, now);
  std::map<std::string, ResendAsk> asks;
  std::map<std::string, std::int64_t> seqs_left;
  for (const Range& range : ranges_) {
    const auto source = wire::parse_source(range.source);
    if (!source || now - range.since < rule_.after || !may_ask(source->device_source, now)) continue;
    ResendAsk& ask = asks[source->device_source];
    ask.device_source = source->device_source;
    const auto [left, first_time] = seqs_left.try_emplace(source->device_source, limits::kResendEventsMax);
    add(ask, left->second, {source->lane, range.epoch, range.first, range.last});
  }
  std::vector<ResendAsk> result;
  for (auto& [device, ask] : asks) {
    asked(device, now);
    result.push_back(std::move(ask));
  }
  return result;
}

// The ranges of now, with the age of those of before that they are part of.
void ResendPlan::note(std::span<const MissingRange> missing, Instant now) {
  std::vector<Range> ranges;
  for (const MissingRange& range : missing.first(std::min(missing.size(), kRangesMax))) {
    Range noted{range.source, range.epoch, range.first, range.last, now};
    for (const Range& known : ranges_) {
      if (known.source == range.source && known.epoch == range.epoch && known.first <= range.first &&
          range.last <= known.last) {
        noted.since = known.since;
      }
    }
    ranges.push_back(std::move(noted));
  }
  ranges_ = std::move(ranges);
  count();
  std::erase_if(devices_, [&](const auto& entry) {
    return entry.second.missing_now == 0 && now - entry.second.asked_at >= entry.second.interval;
  });
}

void ResendPlan::count() {
  for (auto& [name, device] : devices_) device.missing_now = 0;
  for (const Range& range : ranges_) {
    const auto source = wire::parse_source(range.source);
    const auto device = source ? devices_.find(source->device_source) : devices_.end();
    if (device == devices_.end()) continue;
    const std::int64_t seqs = range.last - range.first;  // one less: no overflow, and it is only compared
    std::int64_t& total = device->second.missing_now;
    total = seqs >= INT64_MAX - total - 1 ? INT64_MAX : total + seqs + 1;
  }
  for (auto& [name, device] : devices_) {
    if (device.missing_now < device.missing_then) device.interval = rule_.interval;
  }
}

bool ResendPlan::may_ask(const std::string& device, Instant now) const {
  const auto known = devices_.find(device);
  if (known == devices_.end()) return devices_.size() < kDevicesMax;
  return now - known->second.asked_at >= known->second.interval;
}

void ResendPlan::asked(const std::string& name, Instant now) {
  const auto [entry, added] = devices_.try_emplace(name);
  Device& device = entry->second;
  device.interval = added ? rule_.interval : std::min(rule_.interval_max, device.interval * 2);
  device.asked_at = now;
  if (added) count();
  device.missing_then = device.missing_now;
}

}  // namespace holdfast::inbox
