// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace holdfast::store {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kWalHeaderBytes = 32;
inline constexpr std::uint64_t kWalFrameBytes = kPageBytes + 24;
inline constexpr std::uint64_t kBudgetBytesDefault = 64ULL * 1024 * 1024;
inline constexpr std::uint64_t kBudgetBytesMin = 1024ULL * 1024;

/// How a budget is divided between the database and its WAL. All else is derived from it, so that a store
/// that is opened again with the same options has the same layout.
///
///   budget = database_pages * 4096 + WAL header + wal_frames * 4120
///   wal_frames = checkpoint_pages + group_pages + a few for padding
///
/// A commit dirties at most group_pages pages, and one that finds checkpoint_pages frames in the WAL is
/// followed by a checkpoint: so the WAL never grows past wal_frames.
struct Layout {
  std::uint64_t database_pages = 0;
  std::uint64_t reserve_pages = 0;     ///< of them, never lent to events, state or callers' tables
  std::uint64_t checkpoint_pages = 0;  ///< the WAL is moved into the database at so many frames
  std::uint64_t group_pages = 0;       ///< most pages that one transaction may dirty
  std::uint64_t wal_frames = 0;
  /// SQLite's page cache. Clean pages leave it for dirty ones up to here: beyond it, what it holds is dirty.
  std::uint64_t cache_pages = 0;
  std::uint64_t group_bytes = 0;  ///< event and state bytes that fit into group_pages with what goes along
  std::uint64_t block_bytes = 0;  ///< of rows that are dropped, purged or compacted in one step

  [[nodiscard]] constexpr std::uint64_t wal_bytes() const noexcept {
    return kWalHeaderBytes + wal_frames * kWalFrameBytes;
  }
  [[nodiscard]] constexpr std::uint64_t database_bytes() const noexcept {
    return database_pages * kPageBytes;
  }
};

/// `budget_bytes` is at least kBudgetBytesMin. 1 MiB: 167 pages and 88 frames; 64 MiB: 14,338 and 2,032.
[[nodiscard]] constexpr Layout layout_of(std::uint64_t budget_bytes,
                                         std::uint64_t checkpoint_pages) noexcept {
  constexpr std::uint64_t kGroupPagesMin = 48;    // an event of 64 KiB, the state, and what they split
  constexpr std::uint64_t kGroupPagesMax = 1024;  // memory, too: they are dirty in the cache until the commit
  constexpr std::uint64_t kPaddingFrames = 8;     // psow=0 pads a commit to the next 4 KiB: one or two
  constexpr std::uint64_t kReservePagesMin = 16;
  constexpr std::uint64_t kCachePagesMax = 500;  // 2 MB, SQLite's default
  constexpr std::uint64_t kBlockBytesMax = 1024 * 1024;
  const std::uint64_t pages = budget_bytes / kPageBytes;
  Layout layout;
  layout.checkpoint_pages = std::max<std::uint64_t>(1, std::min(checkpoint_pages, pages / 8));
  layout.group_pages = std::clamp(pages / 8, kGroupPagesMin, kGroupPagesMax);
  layout.wal_frames = layout.checkpoint_pages + layout.group_pages + kPaddingFrames;
  layout.database_pages = (budget_bytes - layout.wal_bytes()) / kPageBytes;
  layout.reserve_pages = std::max(kReservePagesMin, layout.database_pages * 3 / 100);
  layout.cache_pages = std::min(kCachePagesMax, layout.group_pages / 2);
  layout.group_bytes = layout.group_pages * kPageBytes * 3 / 4;
  layout.block_bytes = std::min(kBlockBytesMax, layout.group_pages / 8 * kPageBytes);
  return layout;
}

}  // namespace holdfast::store
