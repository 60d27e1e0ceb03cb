// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>

#include "store/layout.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {

/// How many pages short of what was asked the file may end up: a row of its own cannot be made for each page.
inline constexpr std::uint64_t kProvisionShortMax = 4;

/// Grows the database file to `pages` pages and leaves the new ones on SQLite's free-list, where they are
/// both budget and reserve: filled with rows of a table of its own, which is then emptied and dropped.
///
/// 1. Every page is written, so the file system has really allocated it. Nothing that exists is touched.
/// 2. A transaction dirties at most `layout.group_pages` pages, and each is followed by a checkpoint: the WAL
///    stays within its provision.
/// 3. Killed at any moment, the next call goes on: the table is still there, or the file is still short.
///
/// The file may end up kProvisionShortMax pages short of `pages`; the caller sets max_page_count to what it has become.
/// Does nothing when the file is long enough and no such table is left. `disk_full` (what was allocated is kept for
/// the next try), `io_error`. Blocks for writing the pages twice: about 0.2 s for 64 MiB on a fast disk.
[[nodiscard]] Result<void> provision_database(
    Connection& connection, const Layout& layout, std::uint64_t pages,
    const std::function<void(const ProvisioningProgress&)>& progress);

}  // namespace holdfast::store
