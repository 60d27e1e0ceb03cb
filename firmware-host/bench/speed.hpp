// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "bench/figure.hpp"
#include "bench/plan.hpp"

namespace holdfast::bench {

/// Events a second beside raw SQLite, both sides in turn, on new files in each round: one event per commit,
/// 16 threads that wait, and groups of 100 that nobody waits for.
[[nodiscard]] Result<std::vector<Figure>> measure_speed(const Plan& plan);

}  // namespace holdfast::bench
