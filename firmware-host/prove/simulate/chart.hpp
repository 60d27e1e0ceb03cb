// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/simulate/run.hpp"

namespace holdfast::prove {

/// The life of one device, or of the broker and the backend (`kNobody`), as inline SVG; colours are the page's.
[[nodiscard]] std::string timeline_svg(const SimulateReport& report, std::size_t device);

}  // namespace holdfast::prove
