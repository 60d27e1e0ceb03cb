// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace holdfast::test_support {

/// A real and small file system, mounted over a directory, that somebody else can fill to the last byte. Takes root.
///
/// The first one moves the calling thread into a mount namespace of its own, so that nobody else sees the mounts and
/// none is left when the test dies; the loop device then detaches itself and the image, which has no name any more, is
/// gone too. Children forked later share the namespace. Aborts when it cannot mount: a test that skips proves nothing.
class SmallDisk {
 public:
  enum class Kind : std::uint8_t { ext4_blocks_of_4k, ext4_blocks_of_1k, tmpfs };
  /// `bytes`: of the whole file system; ext4 takes some of them for itself.
  SmallDisk(std::filesystem::path directory, Kind kind, std::uint64_t bytes);
  /// Files that are still open there stay usable until they are closed.
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// Somebody else writes until nobody can, root included; aborts unless not one byte is left.
  void fill();
  /// ... writes so much that about `bytes` are left.
  void fill_but(std::uint64_t bytes);
  /// ... deletes it all.
  void make_room();
  [[nodiscard]] std::uint64_t free_bytes() const;
  void remount(bool read_only);

 private:
  std::filesystem::path directory_;
};

inline constexpr std::array kSmallDiskKinds = {SmallDisk::Kind::ext4_blocks_of_4k,
                                               SmallDisk::Kind::ext4_blocks_of_1k, SmallDisk::Kind::tmpfs};
/// For names of tests: "ext4_4k".
[[nodiscard]] std::string to_string(SmallDisk::Kind kind);

/// Blocks of 512 bytes that the file takes on its file system; aborts when there is no such file.
[[nodiscard]] std::uint64_t st_blocks_of(const std::string& path);

}  // namespace holdfast::test_support
