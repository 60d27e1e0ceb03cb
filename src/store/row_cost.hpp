// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace holdfast::store {

/// What a row takes beside its data: cell and columns, measured 90 to 130 bytes with short keys.
inline constexpr std::uint64_t kRowOverheadBytes = 110;

/// What so many rows with so much data take in the file, about.
[[nodiscard]] inline std::uint64_t row_bytes(std::int64_t data_bytes, std::int64_t rows) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(data_bytes, 0)) +
         kRowOverheadBytes * static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 0));
}

}  // namespace holdfast::store
