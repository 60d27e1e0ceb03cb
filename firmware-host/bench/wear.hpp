// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "bench/figure.hpp"
#include "bench/plan.hpp"

namespace holdfast::bench {

/// Bytes that SQLite hands to the file system per event over the event's whole life: insert with its state,
/// acknowledgement, purge, and the checkpoints of all that. At 1 and at 50 events per commit.
[[nodiscard]] Result<std::vector<Figure>> measure_wear(const Plan& plan);

}  // namespace holdfast::bench
