// SPDX-License-Identifier: MIT
#include "support/fake_broker.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include <holdfast/check.hpp>

namespace holdfast::test_support {
namespace {

constexpr unsigned kConnect = 1;
constexpr unsigned kSubscribe = 8;

void send_all(int socket, const std::string& bytes) {
  HOLDFAST_CHECK(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                 static_cast<ssize_t>(bytes.size()));
}

}  // namespace

FakeBroker::FakeBroker(std::string on_connect, std::string on_subscribe)
    : on_connect_(std::move(on_connect)), on_subscribe_(std::move(on_subscribe)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  HOLDFAST_CHECK(::bind(listener_, generic, length) == 0 && ::listen(listener_, 1) == 0 &&
                 ::getsockname(listener_, generic, &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeBroker::~FakeBroker() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept(); a client that is still there has to end first
  thread_.join();
  ::close(listener_);
}

std::string FakeBroker::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void FakeBroker::serve() {
  const int client = ::accept(listener_, nullptr, nullptr);
  if (client < 0) return;
  std::array<char, 4096> packet{};  // each small packet of the tests comes in one piece on loopback
  for (ssize_t got = ::recv(client, packet.data(), packet.size(), 0); got > 0;
       got = ::recv(client, packet.data(), packet.size(), 0)) {
    {
      const std::lock_guard lock(mutex_);
      received_.append(packet.data(), static_cast<std::size_t>(got));
    }
    const unsigned type = static_cast<unsigned char>(packet[0]) >> 4U;
    if (type == kConnect) send_all(client, on_connect_);
    if (type == kSubscribe) send_all(client, std::string(on_subscribe_).replace(2, 2, &packet[2], 2));
  }
  ::close(client);
}

}  // namespace holdfast::test_support
