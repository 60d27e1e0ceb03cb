// SPDX-License-Identifier: MIT
#include "demonstration/broker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace holdfast::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kStartsMax = 5;  // another program may take the free port first
constexpr std::chrono::seconds kStartPatience{10};
constexpr std::chrono::milliseconds kPause{10};

[[nodiscard]] sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// 0 when there is none.
[[nodiscard]] std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(socket, generic, length) == 0 && ::getsockname(socket, generic, &length) == 0;
  ::close(socket);
  return found ? ntohs(address.sin_port) : std::uint16_t{0};
}

[[nodiscard]] bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool accepted = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return accepted;
}

}  // namespace

Result<std::unique_ptr<Broker>> Broker::start(const std::string& directory, std::string_view settings) {
  std::string program = find_program("mosquitto");
  if (program.empty())
    return fail(ErrorCode::unavailable, "start the broker",
                "mosquitto is not installed: toolchains/bootstrap");
  std::unique_ptr<Broker> broker(new Broker(std::move(program), directory, settings));
  Result<void> started;
  for (int attempt = 0; attempt < kStartsMax; ++attempt) {
    broker->port_ = free_port();
    started = broker->write_config().and_then([&] { return broker->try_start(); });
    if (started) return broker;
  }
  return tl::unexpected<Error>(started.error());
}

Result<void> Broker::restart() {
  Result<void> started;
  for (int attempt = 0; attempt < kStartsMax; ++attempt) {
    started = try_start();
    if (started) break;
  }
  return started;
}

Result<void> Broker::write_config() const {
  std::ofstream file(directory_ + "/mosquitto.conf");
  file << "listener " << port_ << " 127.0.0.1\n"
       << "allow_anonymous true\n"
       << "persistence_location " << directory_ << "/\n"
       << settings_;
  if (::geteuid() == 0) file << "user root\n";  // else it becomes a user who may not write here
  file.close();
  if (file.fail()) return fail(ErrorCode::io_error, "start the broker", "cannot write to " + directory_);
  return {};
}

Result<void> Broker::try_start() {
  auto process =
      ChildProcess::start({program_, "-c", directory_ + "/mosquitto.conf"}, directory_ + "/mosquitto.log");
  if (!process) return tl::unexpected<Error>(process.error());
  process_ = std::move(*process);
  const auto until = SteadyClock::now() + kStartPatience;
  while (process_->running() && SteadyClock::now() < until) {
    if (accepts(port_)) return {};
    std::this_thread::sleep_for(kPause);
  }
  return fail(ErrorCode::unavailable, "start the broker", "see " + directory_ + "/mosquitto.log");
}

}  // namespace holdfast::demo
