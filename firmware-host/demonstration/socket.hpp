// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <utility>

namespace holdfast::demo {

[[nodiscard]] sockaddr_in loopback(std::uint16_t port);

/// A TCP socket of this process, not inherited by its children; closed with this object.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}  ///< below 0: none
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] static Socket make(int flags = 0);  ///< such as SOCK_NONBLOCK
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] bool bind_free_port() const;            ///< on 127.0.0.1
  [[nodiscard]] std::uint16_t port() const;             ///< its own; 0: none
  [[nodiscard]] int connect(std::uint16_t port) const;  ///< to 127.0.0.1; 0, or errno
  void send_at_once() const;                            ///< TCP_NODELAY
  void close() noexcept;
  void reset() noexcept;  ///< closes with RST instead of FIN

 private:
  int descriptor_ = -1;
};

}  // namespace holdfast::demo
