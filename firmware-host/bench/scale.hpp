// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "bench/figure.hpp"
#include "bench/plan.hpp"

namespace holdfast::bench {

/// What must not depend on how much is stored: opening with the first batch, a fetch above settled rows that
/// are retained, and memory. Each with `plan.large` rows, beside a store of the same budget with 1,000.
[[nodiscard]] Result<std::vector<Figure>> measure_scale(const Plan& plan);

}  // namespace holdfast::bench
