// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "prove/crash/media.hpp"
#include "sim/disk_image.hpp"
#include "sim/disk_log.hpp"

/// What a power cut may leave of a disk. Pure: a log and a seed in, images out.
///
/// The honest medium is cheap. Of the operations since the last flush of their file, any subset may be there, in any
/// order, each write torn at its 512-byte sectors; names likewise, since the last flush of the directory. The 4 KiB block
/// that was being programmed may hold garbage or zeros, what lay in it before included. What was flushed is there.
///
/// A *point* is a number of operations that were begun: at point 0 none. Each point has *variants*, all of them numbered,
/// so that seed, point and variant name one image for ever:
///
///   0                 nothing since the last flushes            1  all of it
///   2 + 6 i + 0 .. 5  i is one of the n operations that wait:   0  all but i
///                                                               1  only i
///                                                               2  those before i
///                                                               3  those before i, and some sectors of i
///                                                               4  all, and a block under i is garbage
///                                                               5  those up to i, and a block under i is zeros
///   2 + 6 n + 0 ..    each sector by the throw of a coin, sometimes with destroyed blocks
///
/// The other media do this besides:
///
///   lying       the latest flushes, as many as the seed says, do nothing: what they should have made durable waits too
///   rollback    the same images; but callers and consumer have come to a later point since: moment_of()
///   bitrot      each variant four times, with other bits of it turned; there are always the first two
///   collateral  in each variant but the first two 16 KiB are garbage or zeros around a block under i
namespace holdfast::prove {

class CrashImages {
 public:
  static constexpr std::size_t kVariantsPerOperation = 6;
  static constexpr std::size_t kRandomVariants = 8;
  static constexpr std::size_t kRotsPerVariant = 4;
  static constexpr std::size_t kCollateralBlocks = 4;

  /// `log` must outlive the object. Begins at point 0.
  CrashImages(const platform::sim::DiskLog& log, std::uint64_t seed, Media media = Media::honest);

  /// The last one: everything was begun.
  [[nodiscard]] std::size_t last_point() const noexcept { return log_.operations.size(); }
  [[nodiscard]] std::size_t point() const noexcept { return point_; }
  /// Not backwards. Images that were built before are no more valid.
  void move_to(std::size_t point);
  /// Operations that may be lost at this point.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t variants() const noexcept;
  /// How far the world had come when the image was all that was left of the disk: the point itself, but for `rollback`.
  [[nodiscard]] std::size_t moment_of(std::size_t variant) const noexcept;

  struct Built {
    platform::sim::DiskImage image;  ///< a view of this object: valid until the next move_to()
    std::uint64_t hash = 0;          ///< of all names and bytes
  };
  [[nodiscard]] Built build(std::size_t variant) const;
  /// "all but write 12 of store.db-wal", for people.
  [[nodiscard]] std::string describe(std::size_t variant) const;

 private:
  struct File {
    std::vector<std::byte> bytes;
    std::vector<std::uint64_t> block_hashes;
    std::uint64_t hash = 0;  ///< sum of them
  };
  class Builder;
  void begin(const platform::sim::DiskOperation& operation, std::uint32_t index);
  void flush(std::uint32_t index);
  template <class IsFlushed>
  void flush_those(std::uint32_t index, IsFlushed is_flushed);
  [[nodiscard]] std::size_t honest_variants() const noexcept;
  void apply_to_medium(const platform::sim::DiskOperation& operation);
  void hash_blocks(File& file, std::size_t first, std::size_t last);

  const platform::sim::DiskLog& log_;
  std::uint64_t seed_;
  Media media_;
  std::size_t lies_ = 0;  // so many of the latest flushes were not made
  std::size_t point_ = 0;
  std::vector<File> files_;                     // what is on the medium, by number
  std::map<std::string, std::uint32_t> names_;  // that are on the medium
  std::vector<std::uint32_t> waiting_;          // indexes of operations
  std::deque<std::uint32_t> flushes_;           // ... of flushes that were acknowledged and not made
};

}  // namespace holdfast::prove
