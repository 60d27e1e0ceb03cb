// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// A store's files looked at as bytes.
namespace holdfast::store {

inline constexpr std::size_t kDatabaseHeaderBytes = 100;
inline constexpr std::size_t kRawPageBytes = 4096;
using RawPage = std::array<unsigned char, kRawPageBytes>;

/// nullptr: there is no VFS of that name. Empty: SQLite's default.
[[nodiscard]] sqlite3_vfs* find_vfs(const std::string& name);

/// A file read through SQLite's own VFS, which keeps the locks of other handles of this process intact.
class RawFile {
 public:
  /// `kind`: SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL or SQLITE_OPEN_WAL.
  [[nodiscard]] static Result<RawFile> open(const std::string& path, const std::string& vfs, int kind);
  RawFile(RawFile&& other) noexcept;
  RawFile& operator=(RawFile&&) = delete;
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile();
  /// What is behind the end reads as zeros.
  [[nodiscard]] Result<void> read(std::int64_t offset, std::span<unsigned char> into);
  [[nodiscard]] Result<std::uint64_t> size();

 private:
  struct FreeName {
    void operator()(const char* name) const noexcept { sqlite3_free_filename(const_cast<char*>(name)); }
  };
  RawFile() = default;
  sqlite3_file* handle() noexcept { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  std::unique_ptr<const char, FreeName> name_;
  std::vector<std::max_align_t> memory_;
  bool open_ = false;
};

[[nodiscard]] std::uint32_t big_endian(const unsigned char* bytes) noexcept;
/// "SQLite format 3". `header` has at least kDatabaseHeaderBytes.
[[nodiscard]] bool has_magic(std::span<const unsigned char> header) noexcept;
/// The application id is a store's. Two bits may have turned in it, if the magic is right.
[[nodiscard]] bool is_our_header(std::span<const unsigned char> header) noexcept;

/// The newest page 1 of a store in a WAL of `bytes` bytes. Frames of earlier rounds, which SQLite no longer reads,
/// count too: each round has the next higher salt. nullopt: there is none.
[[nodiscard]] Result<std::optional<RawPage>> newest_page_1(const std::string& wal_path,
                                                           const std::string& vfs, std::uint64_t bytes);

}  // namespace holdfast::store
