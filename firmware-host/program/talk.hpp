// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "program/exit_code.hpp"

/// Standard error: what the program says to people. Standard output is for data alone.
namespace holdfast::program {

/// One line, "holdfast: ...".
void say(std::string_view text);
/// The same as a warning; coloured on a terminal unless NO_COLOR is set.
void warn(std::string_view text);
/// Says what went wrong and what to do next; returns the exit code.
[[nodiscard]] int report(const Trouble& trouble);

/// Writes a line to standard output and flushes it. False: nobody reads it any more.
[[nodiscard]] bool print_line(std::string_view line);

/// Control characters replaced, so that data from elsewhere cannot drive a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace holdfast::program
