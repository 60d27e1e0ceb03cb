// SPDX-License-Identifier: MIT
#include "store/raw_file.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "store/migrations.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {
namespace {

constexpr std::size_t kWalHeaderBytes = 32;
constexpr std::size_t kWalFrameHeaderBytes = 24;
constexpr std::int64_t kFramesMax = 1'000'000;  // 4 GB of WAL; ours have a few thousand

}  // namespace

sqlite3_vfs* find_vfs(const std::string& name) {
  return sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
}

Result<RawFile> RawFile::open(const std::string& path, const std::string& vfs_name, int kind) {
  RawFile file;
  sqlite3_vfs* vfs = find_vfs(vfs_name);
  if (vfs == nullptr) return fail(ErrorCode::invalid, "open " + path, "no VFS of that name");
  file.name_.reset(sqlite3_create_filename(path.c_str(), "", "", 0, nullptr));
  if (file.name_ == nullptr) return fail(ErrorCode::unavailable, "open " + path, "out of memory");
  file.memory_.resize(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  int flags = 0;
  const int rc = vfs->xOpen(vfs, file.name_.get(), file.handle(), SQLITE_OPEN_READONLY | kind, &flags);
  file.open_ = file.handle()->pMethods != nullptr;
  if (rc != SQLITE_OK) return sqlite_fail(nullptr, rc, "open " + path);
  return file;
}

RawFile::RawFile(RawFile&& other) noexcept
    : name_(std::move(other.name_)),
      memory_(std::move(other.memory_)),
      open_(std::exchange(other.open_, false)) {}

RawFile::~RawFile() {
  if (open_) handle()->pMethods->xClose(handle());
}

Result<void> RawFile::read(std::int64_t offset, std::span<unsigned char> into) {
  const int rc = handle()->pMethods->xRead(handle(), into.data(), static_cast<int>(into.size()), offset);
  if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
    return sqlite_fail(nullptr, rc, "read the store's file");
  return {};
}

Result<std::uint64_t> RawFile::size() {
  sqlite3_int64 bytes = 0;
  const int rc = handle()->pMethods->xFileSize(handle(), &bytes);
  if (rc != SQLITE_OK) return sqlite_fail(nullptr, rc, "look at the size of the store's file");
  return static_cast<std::uint64_t>(bytes);
}

std::uint32_t big_endian(const unsigned char* bytes) noexcept {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U |
         bytes[3];
}

bool has_magic(std::span<const unsigned char> header) noexcept {
  return std::memcmp(header.data(), "SQLite format 3", 16) == 0;
}

bool is_our_header(std::span<const unsigned char> header) noexcept {
  const std::uint32_t id = big_endian(header.data() + 68);
  const int differing = std::popcount(id ^ static_cast<std::uint32_t>(kStoreApplicationId));
  return differing == 0 || (has_magic(header) && differing <= 2);
}

Result<std::optional<RawPage>> newest_page_1(const std::string& wal_path, const std::string& vfs,
                                             std::uint64_t bytes) {
  std::optional<RawPage> newest;
  if (bytes <= kWalHeaderBytes) return newest;
  auto wal = RawFile::open(wal_path, vfs, SQLITE_OPEN_WAL);
  if (!wal) return tl::unexpected<Error>(wal.error());
  constexpr std::uint64_t kFrameBytes = kWalFrameHeaderBytes + kRawPageBytes;
  std::uint32_t newest_salt = 0;
  for (std::int64_t i = 0; i < kFramesMax; ++i) {
    const std::uint64_t offset = kWalHeaderBytes + static_cast<std::uint64_t>(i) * kFrameBytes;
    if (offset + kFrameBytes > bytes) break;
    std::array<unsigned char, kWalFrameHeaderBytes> frame{};
    if (auto done = wal->read(static_cast<std::int64_t>(offset), frame); !done)
      return tl::unexpected<Error>(done.error());
    if (big_endian(frame.data()) != 1) continue;
    RawPage page{};
    auto done = wal->read(static_cast<std::int64_t>(offset + frame.size()), page);
    if (!done) return tl::unexpected<Error>(done.error());
    const std::uint32_t salt = big_endian(frame.data() + 8);
    const bool newer = !newest || static_cast<std::int32_t>(salt - newest_salt) >= 0;
    if (!newer || !has_magic(page) || !is_our_header(page)) continue;
    newest = page;
    newest_salt = salt;
  }
  return newest;
}

}  // namespace holdfast::store
