// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace holdfast::bench {

#ifdef NDEBUG
inline constexpr bool kOptimised = true;
#else
inline constexpr bool kOptimised = false;
#endif

/// "x86_64, Linux 6.1.0", or "unknown".
[[nodiscard]] std::string machine_name();

}  // namespace holdfast::bench
