// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <holdfast/inbox.hpp>
#include <holdfast/result.hpp>

#include "demonstration/verdict.hpp"

/// The two tables that decide, read as any other program would read them: with SQLite, after their owners
/// ended.
namespace holdfast::demo {

/// Rows of demo_committed in a store; `io_error`.
[[nodiscard]] Result<std::vector<LedgerRow>> read_committed(const std::string& store_path);
/// Rows of effects in an inbox; `io_error`.
[[nodiscard]] Result<std::vector<LedgerRow>> read_applied(const std::string& inbox_path);
/// How many ranges the inbox misses, at most 1,000. Errors as Inbox::open.
[[nodiscard]] Result<std::size_t> count_gaps(const std::string& inbox_path, PlatformView platform);

}  // namespace holdfast::demo
