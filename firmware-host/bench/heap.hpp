// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace holdfast::bench {

/// Bytes that this process has taken from its allocator and not given back: mallinfo2's uordblks and hblkhd.
/// Absent where malloc is somebody else's (sanitizers) and tells nothing.
[[nodiscard]] std::optional<std::uint64_t> heap_in_use_bytes();

}  // namespace holdfast::bench
