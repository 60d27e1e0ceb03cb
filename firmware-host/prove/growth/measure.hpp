// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/outbox.hpp>

#include "bench/raw_log.hpp"
#include "prove/growth/report.hpp"

namespace holdfast::prove {

/// Makes a store with so many rows, measures, and removes it. `raw`: beside which commits and purge are measured.
/// Errors as Outbox::open.
[[nodiscard]] Result<GrowthPoint> measure_growth(const std::string& store_path, std::uint64_t rows,
                                                 bench::RawLog& raw, PlatformView platform);

}  // namespace holdfast::prove
