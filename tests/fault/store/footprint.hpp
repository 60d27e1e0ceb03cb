// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>

#include "support/small_disk.hpp"

namespace holdfast::store::test {

/// What a store takes on its file system, database and WAL.
struct FileFootprint {
  std::uint64_t database_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t database_blocks = 0;  ///< of 512 bytes
  std::uint64_t wal_blocks = 0;

  [[nodiscard]] std::uint64_t bytes() const { return database_bytes + wal_bytes; }
  friend bool operator==(const FileFootprint&, const FileFootprint&) = default;
  friend std::ostream& operator<<(std::ostream& out, const FileFootprint& f) {
    return out << f.database_bytes << " bytes in " << f.database_blocks << " blocks, WAL " << f.wal_bytes
               << " bytes in " << f.wal_blocks << " blocks";
  }
};

[[nodiscard]] inline FileFootprint footprint_of(const std::string& path) {
  const std::string wal = path + "-wal";
  if (!std::filesystem::exists(path) || !std::filesystem::exists(wal)) return {};
  return {std::filesystem::file_size(path), std::filesystem::file_size(wal), test_support::st_blocks_of(path),
          test_support::st_blocks_of(wal)};
}

/// The files are as long as the budget says, but for a few pages that cannot be divided, and have no holes.
inline void expect_covers(const FileFootprint& footprint, std::uint64_t budget_bytes) {
  constexpr std::uint64_t kRestBytes = 8 * 4096;
  EXPECT_LE(footprint.bytes(), budget_bytes);
  EXPECT_GE(footprint.bytes() + kRestBytes, budget_bytes) << footprint;
  EXPECT_GE(footprint.database_blocks * 512, footprint.database_bytes) << footprint;
  EXPECT_GE(footprint.wal_blocks * 512, footprint.wal_bytes) << footprint;
}

}  // namespace holdfast::store::test
