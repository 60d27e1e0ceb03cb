// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/outbox.hpp>

#include "prove/growth_report.hpp"

namespace holdfast::prove {

/// Makes a store with so many rows, measures, and removes it. Errors as Outbox::open.
[[nodiscard]] Result<GrowthPoint> measure_growth(const std::string& store_path, std::uint64_t rows,
                                                 PlatformView platform);

}  // namespace holdfast::prove
