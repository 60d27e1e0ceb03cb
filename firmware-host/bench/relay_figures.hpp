// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "bench/figure.hpp"
#include "bench/relay_lab.hpp"

namespace holdfast::bench {

struct RelayPlan {
  std::size_t rounds = 5;
  std::uint64_t events = 100'000;   ///< of one drain
  std::uint64_t large = 1'000'000;  ///< the large backlog
  std::uint64_t small = 10'000;     ///< ... and the one it is held against
  std::chrono::seconds latency_span{15};
};

/// Drains beside the raw publishers, for each link: MQTT 5 without a Receive Maximum, with Mosquitto's default of 20,
/// and 3.1.1. A relay and its ceiling take turns, and the ratio is the median of the rounds'.
[[nodiscard]] Result<std::vector<Figure>> measure_drain(RelayLab& lab, const RelayPlan& plan);
/// What must not depend on the backlog: the rate, and the memory. Leaves the large store half drained.
[[nodiscard]] Result<std::vector<Figure>> measure_backlog(RelayLab& lab, const RelayPlan& plan);
/// From commit to PUBACK, woken and polling; and what a drain costs a durable write.
[[nodiscard]] Result<std::vector<Figure>> measure_latency(RelayLab& lab, const RelayPlan& plan);

}  // namespace holdfast::bench
