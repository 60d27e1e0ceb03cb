// SPDX-License-Identifier: MIT
#include "demonstration/broker.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "demonstration/socket.hpp"

namespace holdfast::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kStartsMax = 5;  // the kernel may keep the port for a moment after a kill
constexpr std::chrono::seconds kStartPatience{10};
constexpr std::chrono::milliseconds kPause{10};

[[nodiscard]] bool accepts(std::uint16_t port) { return Socket::make().connect(port) == 0; }

}  // namespace

Result<std::unique_ptr<Broker>> Broker::start(const std::string& directory, std::string_view settings) {
  std::string program = find_program("mosquitto");
  if (program.empty())
    return fail(ErrorCode::unavailable, "start the broker",
                "mosquitto is not installed: toolchains/bootstrap");
  std::unique_ptr<Broker> broker(new Broker(std::move(program), directory, settings));
  auto started = broker->reserve_port().and_then([&] { return broker->write_config(); }).and_then([&] {
    return broker->restart();
  });
  if (!started) return tl::unexpected<Error>(started.error());
  return broker;
}

/// Mosquitto, which sets SO_REUSEADDR too, can listen on it; nobody's connection gets it for its near end.
Result<void> Broker::reserve_port() {
  reserved_ = Socket::make();
  if (!reserved_.bind_free_port())
    return fail(ErrorCode::unavailable, "start the broker", "no free port on 127.0.0.1", errno);
  port_ = reserved_.port();
  return {};
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
