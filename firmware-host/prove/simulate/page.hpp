// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/simulate/run.hpp"

namespace holdfast::prove {

/// One HTML page that needs nothing else: a band of time for each device, with its trouble, backlog and losses.
[[nodiscard]] std::string to_page(const SimulateReport& report);

}  // namespace holdfast::prove
