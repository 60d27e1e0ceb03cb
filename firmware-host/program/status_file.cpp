// SPDX-License-Identifier: MIT
#include "program/status_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace holdfast::program {
namespace {

constexpr std::size_t kBytesMax = 1024 * 1024;

[[nodiscard]] tl::unexpected<Trouble> failed(int error, std::string where) {
  const std::string text = std::generic_category().message(error);
  const std::string path_hint = text + "; check the directory of the status file";
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS: return trouble({ErrorCode::denied, error, std::move(where), path_hint}, kExitDenied);
    case ENOENT:
    case ENOTDIR:
    case EISDIR: return trouble({ErrorCode::invalid, error, std::move(where), path_hint}, kExitCannotCreate);
    case ENOSPC: return trouble({ErrorCode::disk_full, error, std::move(where), text}, kExitCannotCreate);
    default: return trouble({ErrorCode::io_error, error, std::move(where), text}, kExitIo);
  }
}

}  // namespace

Outcome<void> write_status_file(const std::string& path, std::string_view line) {
  const std::string fresh = path + "." + std::to_string(::getpid()) + ".tmp";
  std::FILE* file = std::fopen(fresh.c_str(), "we");
  if (file == nullptr) return failed(errno, "write " + fresh);
  const bool wrote =
      std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fputc('\n', file) != EOF;
  const int error = errno;
  const bool closed = std::fclose(file) == 0;
  if (wrote && closed && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int last = wrote ? errno : error;
  std::remove(fresh.c_str());
  return failed(last, "write " + path);
}

Outcome<std::string> read_status_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr && errno == ENOENT)
    return trouble(
        {ErrorCode::invalid, ENOENT, "read " + path, "there is no such file; is the daemon running?"},
        kExitNoInput);
  if (file == nullptr) return failed(errno, "read " + path);
  std::string text(kBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  const bool bad = std::ferror(file) != 0;
  const int error = errno;
  std::fclose(file);
  if (bad) return failed(error, "read " + path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace holdfast::program
