// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace holdfast::bench {

/// SQLite's default VFS, and a count of what is handed to the file system: the bytes of every xWrite to the
/// database and to its WAL, and the syncs. What the file system adds (journal, rounding to blocks) is not in
/// it. Registered under name() for as long as it lives; one at a time. It offers no shared memory, as a store
/// needs none.
class CountingVfs {
 public:
  CountingVfs();
  ~CountingVfs();
  CountingVfs(const CountingVfs&) = delete;
  CountingVfs& operator=(const CountingVfs&) = delete;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::uint64_t bytes_written() const noexcept;
  [[nodiscard]] std::uint64_t syncs() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::bench
