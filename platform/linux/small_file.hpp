// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace holdfast::platform::linux_detail {

/// Reads at most `bytes_max` of a file of /proc or /sys, where the size that stat tells means nothing.
/// nullopt: not there, not readable, or the device answered with an error. Opens and closes: never for a
/// database.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path,
                                                         std::size_t bytes_max = 4096);

/// Without the blanks, newlines and NULs at both ends.
[[nodiscard]] std::string trimmed(std::string text);

}  // namespace holdfast::platform::linux_detail
