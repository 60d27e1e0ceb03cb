// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <holdfast/inbox.hpp>
#include <holdfast/records.hpp>
#include <holdfast/time.hpp>
#include <map>
#include <span>
#include <string>
#include <vector>

/// When to ask a device again for what is missing, and for what: what the inbox misses + now in, requests out.
///
/// 1. A range is asked for when it has been missing for `after`: what is merely out of order comes by itself. A range
///    that shrinks or is divided keeps its age; one that grows begins anew.
/// 2. A device is asked at most once in `interval`. The interval doubles at each request, up to `interval_max`; it is
///    short again when less is missing than at the last request, since asking helps.
/// 3. A request has at most limits::kResendRangesMax ranges and limits::kResendEventsMax seqs, the oldest first; the
///    rest is asked for next time.
/// 4. At most kDevicesMax devices and kRangesMax ranges are remembered; beyond them nothing is asked until there is
///    room. A device of which nothing is missing is forgotten when its interval is over.
namespace holdfast::inbox {

struct ResendRule {
  Duration after = std::chrono::seconds(30);
  Duration interval = std::chrono::seconds(30);
  Duration interval_max = std::chrono::hours(1);
};

/// What to ask one device for.
struct ResendAsk {
  std::string device_source;  ///< urn:holdfast:<device>
  std::vector<ResendRange> ranges;
};

class ResendPlan {
 public:
  static constexpr std::size_t kDevicesMax = 1024;
  static constexpr std::size_t kRangesMax = 1024;

  explicit ResendPlan(ResendRule rule) : rule_(rule) {}

  /// `missing`: all that is, by source, epoch and first. The requests count as made.
  [[nodiscard]] std::vector<ResendAsk> next(std::span<const MissingRange> missing, Instant now);

 private:
  struct Range {
    std::string source;
    Epoch epoch;
    std::int64_t first = 0;
    std::int64_t last = 0;
    Instant since;
  };
  struct Device {
    Instant asked_at;
    Duration interval{};
    std::int64_t missing_then = 0;
    std::int64_t missing_now = 0;
  };

  void note(std::span<const MissingRange> missing, Instant now);
  void count();
  [[nodiscard]] bool may_ask(const std::string& device, Instant now) const;
  void asked(const std::string& device, Instant now);

  ResendRule rule_;
  std::vector<Range> ranges_;
  std::map<std::string, Device> devices_;  ///< that were asked
};

}  // namespace holdfast::inbox
