// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::wire {

/// RFC 4648 section 4: the standard alphabet, with padding.
[[nodiscard]] std::string encode_base64(std::span<const std::byte> bytes);

/// Only what encode_base64() writes: nullopt for missing padding, other characters (line ends too), and
/// leftover bits that are not zero. The result is at most 3/4 of the text.
[[nodiscard]] std::optional<std::vector<std::byte>> decode_base64(std::string_view text);

}  // namespace holdfast::wire
