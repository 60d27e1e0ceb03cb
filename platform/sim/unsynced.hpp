// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/platform/entropy.hpp>

#include "sim/disk_image.hpp"
#include "sim/disk_log.hpp"

namespace holdfast::platform::sim {

/// How much of what was not flushed a power cut takes.
enum class PowerCut : std::uint8_t {
  loses_all = 0,      ///< only what was flushed is there
  loses_nothing = 1,  ///< as after a kill
  loses_some = 2,     ///< operations, each by the throw of a coin
  tears = 3,          ///< sectors, each by the throw of a coin
  destroys = 4,  ///< the same, and the block that was being programmed is garbage, with what lay in it before
};

/// What a disk did since its last flushes, kept so that it can be undone: the old bytes under each write. A flush forgets
/// what it flushed, so this holds one commit or one checkpoint at most, however long the disk lives.
class Unsynced {
 public:
  /// Before the operation. Writes and truncations: `offset` and `bytes` as in DiskOperation.
  void note(DiskAct act, const std::shared_ptr<ImageFile>& file, const std::string& name,
            std::uint64_t offset, std::uint64_t bytes, bool names_too);
  /// The power goes: takes operations back, from the newest to the oldest, and forgets everything. A sector that was
  /// written twice may keep what the first, the second or none of the writes brought.
  void take_back(DiskImage& image, PowerCut cut, Entropy& dice);
  void forget();

  [[nodiscard]] std::size_t operations() const noexcept;  ///< that wait for their flush
  [[nodiscard]] std::size_t bytes() const noexcept;       ///< that are kept for them

 private:
  struct Operation {
    std::uint64_t offset = 0;  ///< truncation: the new size
    std::uint64_t bytes = 0;   ///< truncation: 0
    std::uint64_t old_size = 0;
    std::size_t old_at = 0;     ///< in File::old
    std::size_t old_bytes = 0;  ///< from `offset` on
    std::uint64_t number = 0;   ///< in the order of the disk
  };
  struct File {
    std::shared_ptr<ImageFile> file;
    std::vector<Operation> operations;
    std::vector<std::byte> old;
  };
  struct Name {
    DiskAct act = DiskAct::create;
    std::string name;
    std::shared_ptr<ImageFile> file;
  };
  class Undo;

  void flush(const ImageFile* file);

  std::vector<File> files_;   // few: a database, its WAL, a journal
  std::vector<Name> names_;   // created and removed since the last flush of the directory
  std::uint64_t number_ = 0;  // of the next operation
};

}  // namespace holdfast::platform::sim
