// SPDX-License-Identifier: MIT
#include "demonstration/proxy_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace holdfast::demo {
namespace {

using Buffer = std::array<char, 16'384>;

/// A socket that does not block says so; so does one whose connection is still being made.
[[nodiscard]] bool is_only_not_ready() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

void ProxyStream::read(int from, Time now, std::chrono::milliseconds delay) {
  Buffer buffer;
  while (wants_to_read()) {
    const std::size_t room = std::min(buffer.size(), kBufferBytesMax - buffered_bytes_);
    const ssize_t got = ::recv(from, buffer.data(), room, 0);
    if (got > 0) {
      take(std::string(buffer.data(), static_cast<std::size_t>(got)), now + delay);
    } else {
      ended_ = got == 0 || !is_only_not_ready();
      return;
    }
  }
}

void ProxyStream::take(std::string bytes, Time due) {
  if (truncating_ && bytes.size() > 1) {
    bytes.pop_back();
    truncating_ = false;
    truncated_ = ended_ = true;
  }
  buffered_bytes_ += bytes.size();
  chunks_.push_back({due, std::move(bytes)});
}

void ProxyStream::write(int to, Time now) {
  while (!broken_ && wants_to_write(now)) {
    std::string& bytes = chunks_.front().bytes;
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      broken_ = !is_only_not_ready();
      return;
    }
    buffered_bytes_ -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (bytes.empty()) chunks_.pop_front();
  }
}

std::optional<ProxyStream::Time> ProxyStream::next_due() const {
  if (chunks_.empty()) return std::nullopt;
  return chunks_.front().due;
}

bool swallow(int from, std::uint64_t& bytes) {
  Buffer buffer;
  for (;;) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got < 0) return is_only_not_ready();
    if (got == 0) return false;
    bytes += static_cast<std::uint64_t>(got);
  }
}

}  // namespace holdfast::demo
