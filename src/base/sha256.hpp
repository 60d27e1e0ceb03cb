// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for the few hundred bytes of a command. Written here because src/ has no
/// library for it; not for bulk data, and not for passwords.
namespace holdfast::base {

using Sha256 = std::array<std::byte, 32>;

[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);
[[nodiscard]] Sha256 hmac_sha256(std::string_view secret, std::string_view message);

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string hex(const Sha256& digest);

/// Takes as long for texts that differ at once as for equal ones, so that nobody can find a MAC digit by digit.
[[nodiscard]] bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept;

}  // namespace holdfast::base
