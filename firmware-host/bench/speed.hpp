// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "bench/figure.hpp"
#include "bench/plan.hpp"

namespace holdfast::bench {

/// Events a second beside raw SQLite, a round of each side after the other, on new files each time: one event
/// per commit, 16 threads that wait, and groups of 100 that nobody waits for.
[[nodiscard]] Result<std::vector<Figure>> measure_speed(const Plan& plan);

}  // namespace holdfast::bench
