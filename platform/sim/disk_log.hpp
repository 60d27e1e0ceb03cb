// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::platform::sim {

/// What a disk was told to do.
enum class DiskAct : std::uint8_t {
  create = 0,    ///< a new, empty file under a name
  write = 1,     ///< bytes at an offset
  truncate = 2,  ///< a new size
  sync = 3,      ///< all before it of this file is on the medium when it returns
  remove = 4,    ///< the name goes
  rename = 5,    ///< on the medium when it returns
};
[[nodiscard]] constexpr std::string_view to_string(DiskAct act) noexcept {
  constexpr std::string_view kNames[] = {"create", "write", "truncate", "sync", "remove", "rename"};
  return kNames[static_cast<std::size_t>(act)];
}

struct DiskOperation {
  DiskAct act = DiskAct::write;
  std::uint32_t file = 0;    ///< number of the file, whatever its name is now
  std::uint32_t name = 0;    ///< create, remove, rename: index of a name; else the one it was opened by
  std::uint64_t offset = 0;  ///< write: where. truncate: the size
  std::uint64_t bytes_at = 0;
  std::uint32_t bytes = 0;
  bool names_too = false;  ///< sync, remove: what was done to names before (and this) is on the medium too
};

/// All that was done to a disk, in order, from files that were on the medium when it began.
struct DiskLog {
  struct File {
    std::uint32_t name = 0;
    std::vector<std::byte> bytes;
  };
  std::vector<std::string> names;
  std::vector<File> files;  ///< at the beginning; their index is their number
  std::vector<DiskOperation> operations;
  std::vector<std::byte> data;  ///< of all writes

  [[nodiscard]] std::span<const std::byte> data_of(const DiskOperation& operation) const {
    return std::span(data).subspan(static_cast<std::size_t>(operation.bytes_at), operation.bytes);
  }
  [[nodiscard]] const std::string& name_of(const DiskOperation& operation) const {
    return names[operation.name];
  }
};

}  // namespace holdfast::platform::sim
