// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace holdfast::platform::sim {

/// What a card programs at once, and what SQLite writes at once.
inline constexpr std::size_t kDiskBlockBytes = 4096;
/// What is written whole or not at all.
inline constexpr std::size_t kDiskSectorBytes = 512;

/// One file's bytes. Begins as a view of other bytes and copies only the blocks that are changed, so that a million
/// images of one disk cost what differs between them.
class ImageFile {
 public:
  ImageFile() = default;
  /// `base` must outlive the file and stay as it is.
  explicit ImageFile(std::span<const std::byte> base);
  ImageFile(const ImageFile&) = delete;
  ImageFile& operator=(const ImageFile&) = delete;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// What is behind the end reads as zeros. Returns how many bytes were before it.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  /// A write behind the end leaves zeros between.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(std::uint64_t bytes);
  /// Changes of the one are none of the other. Of the same base.
  [[nodiscard]] std::shared_ptr<ImageFile> copy() const;
  /// All of it, in one piece.
  [[nodiscard]] std::vector<std::byte> bytes() const;

 private:
  using Block = std::array<std::byte, kDiskBlockBytes>;
  [[nodiscard]] Block& own(std::size_t index);

  std::span<const std::byte> base_;
  std::uint64_t size_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;  ///< null: as in the base
};

/// Files by name. A file that was removed while it is open lives on until it is closed, as on Unix.
using DiskImage = std::map<std::string, std::shared_ptr<ImageFile>, std::less<>>;

}  // namespace holdfast::platform::sim
