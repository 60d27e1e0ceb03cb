// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/records.hpp>
#include <string>
#include <string_view>

#include "inbox/tables.hpp"

/// A device's epochs as a tree: rewinds, and folding what is complete.
namespace holdfast::inbox {

/// What an announcement changed.
struct Announcement {
  std::string refused;                ///< not empty: why; nothing may be committed
  std::optional<std::string> rewind;  ///< what it showed
  std::int64_t rows_grown = 0;        ///< of the tables that remember seqs
};

/// Stores an epoch record. Idempotent.
[[nodiscard]] Result<Announcement> announce(Tables& tables, std::string_view device_source,
                                            const EpochRecord& record);

/// An event or gap record of the epoch arrived: it is more than a name now. False: the device has too many.
[[nodiscard]] Result<bool> learn_seen(Tables& tables, std::int64_t device, std::int64_t epoch);

/// `highest` was seen in a lane of the epoch: reports the children that say it ended below.
[[nodiscard]] Result<std::optional<std::string>> check_end(Tables& tables, std::int64_t device,
                                                           std::int64_t epoch, std::string_view lane,
                                                           std::int64_t highest);

}  // namespace holdfast::inbox
