// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::base {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4). Continue a checksum by passing the previous one.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous = 0) noexcept;
/// The same by tables alone, as on processors without an instruction for it.
[[nodiscard]] std::uint32_t crc32c_portable(std::span<const std::byte> bytes,
                                            std::uint32_t previous = 0) noexcept;

}  // namespace holdfast::base
