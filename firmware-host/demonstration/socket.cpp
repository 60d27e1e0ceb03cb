// SPDX-License-Identifier: MIT
#include "demonstration/socket.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::demo {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Socket Socket::make(int flags) { return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

bool Socket::bind_free_port() const {
  const int yes = 1;
  const sockaddr_in address = loopback(0);
  return ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
         ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::uint16_t Socket::port() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  const bool found = ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  return found ? ntohs(address.sin_port) : std::uint16_t{0};
}

int Socket::connect(std::uint16_t port) const {
  const sockaddr_in address = loopback(port);
  const bool done = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return done ? 0 : errno;
}

void Socket::send_at_once() const {
  const int one = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

void Socket::close() noexcept {
  if (is_open()) ::close(std::exchange(descriptor_, -1));
}

void Socket::reset() noexcept {
  const linger at_once{1, 0};
  if (is_open()) ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace holdfast::demo
