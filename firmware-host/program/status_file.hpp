// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "program/exit_code.hpp"

namespace holdfast::program {

/// Replaces the file's content with `line` and a line end, so that a reader sees the old or the new one
/// whole: written beside it and renamed. Not flushed to the disk: after a power cut it says nothing anyway.
[[nodiscard]] Outcome<void> write_status_file(const std::string& path, std::string_view line);

/// At most 1 MiB.
[[nodiscard]] Outcome<std::string> read_status_file(const std::string& path);

}  // namespace holdfast::program
