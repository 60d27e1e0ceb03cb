// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <holdfast/statistics.hpp>

/// The alarms of a relay: RelayStatistics::alarms, kept ascending and without repeats.
///
/// | alarm               | raised                                                    | cleared                        |
/// |---------------------|-----------------------------------------------------------|--------------------------------|
/// | credentials_refused | CONNACK 0x86 or 0x87                                      | at the next CONNACK that is 0  |
/// | duplicate_identity  | DISCONNECT 0x8E; flow::ShortLives                         | when a connection has lived longer than the longest takeover delay |
/// | stalled             | flow::StallWatch, the second time                         | at the next acknowledgement    |
/// | topics_denied       | by the publisher: topics are parked                       | when none is                   |
/// | quarantine_full     | by the publisher: a refused event has no place            | when it has one                |
namespace holdfast::relay {

[[nodiscard]] inline bool has_alarm(const RelayStatistics& statistics, RelayAlarm alarm) noexcept {
  return std::binary_search(statistics.alarms.begin(), statistics.alarms.end(), alarm);
}

inline void set_alarm(RelayStatistics& statistics, RelayAlarm alarm, bool on) {
  auto& alarms = statistics.alarms;
  const auto place = std::lower_bound(alarms.begin(), alarms.end(), alarm);
  const bool is_on = place != alarms.end() && *place == alarm;
  if (on == is_on) return;
  if (on)
    alarms.insert(place, alarm);
  else
    alarms.erase(place);
}

}  // namespace holdfast::relay
