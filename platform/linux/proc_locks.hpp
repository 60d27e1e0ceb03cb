// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::platform::linux_detail {

/// The process that holds a lock on the file, from the text of /proc/locks:
///   1: POSIX  ADVISORY  WRITE 1234 08:02:131073 0 EOF        (major:minor in hex, inode in decimal)
///   1: -> POSIX  ADVISORY  WRITE 1235 08:02:131073 0 EOF     (waits only: not an owner)
/// nullopt: nobody, or a process of another pid namespace (0 or -1 there).
[[nodiscard]] std::optional<std::int64_t> lock_owner_in(std::string_view proc_locks, unsigned major,
                                                        unsigned minor, std::uint64_t inode);

}  // namespace holdfast::platform::linux_detail
