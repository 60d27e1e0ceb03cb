// SPDX-License-Identifier: MIT
#include "linux/small_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace holdfast::platform::linux_detail {

std::optional<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  std::string text(bytes_max, '\0');
  std::size_t length = 0;
  ssize_t got = 0;
  while (length < bytes_max) {
    got = ::read(file, text.data() + length, bytes_max - length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += static_cast<std::size_t>(got);
  }
  ::close(file);
  if (got < 0) return std::nullopt;
  text.resize(length);
  return text;
}

std::string trimmed(std::string text) {
  constexpr std::string_view kBlank(" \t\r\n\0", 5);
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace holdfast::platform::linux_detail
