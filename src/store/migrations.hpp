// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/result.hpp>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// "HFst": the application id of a store's file.
inline constexpr std::int32_t kStoreApplicationId = 0x48467374;
/// The schema this code reads and writes, kept in PRAGMA user_version.
inline constexpr std::int64_t kSchemaVersion = 4;

/// Brings the schema forward, one transaction per version, up to kSchemaVersion; does nothing when it is
/// there. A migration that is interrupted leaves the version before it. `schema_newer` when the file is ahead
/// of this code.
[[nodiscard]] Result<void> migrate(Connection& connection);

}  // namespace holdfast::store
