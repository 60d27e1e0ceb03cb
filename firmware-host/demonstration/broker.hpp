// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <holdfast/result.hpp>

#include "demonstration/process.hpp"
#include "demonstration/socket.hpp"

namespace holdfast::demo {

/// Sessions and queues that survive SIGKILL. Autosave on each change: Mosquitto keeps its queues in memory, and what it
/// acknowledged and then forgot in a SIGKILL no sender would send again.
inline constexpr std::string_view kDurableSettings =
    "set_tcp_nodelay true\n"
    "persistence true\n"
    "autosave_on_changes true\n"
    "autosave_interval 1\n"
    "max_queued_messages 0\n"
    "log_type error\nlog_type warning\nlog_type notice\nlog_type information\nlog_type subscribe\n";

/// A private Mosquitto on a port of 127.0.0.1 that nobody else gets while it is down.
class Broker {
 public:
  /// Files go to `directory`; `settings` are lines of its configuration. On return it accepts connections.
  /// `unavailable`: not installed, or it ends.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(const std::string& directory,
                                                             std::string_view settings = kDurableSettings);

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] ChildProcess& process() noexcept { return *process_; }
  [[nodiscard]] Result<void> restart();  ///< on the same port, after kill()

 private:
  Broker(std::string program, std::string directory, std::string_view settings)
      : program_(std::move(program)), directory_(std::move(directory)), settings_(settings) {}
  [[nodiscard]] Result<void> reserve_port();
  [[nodiscard]] Result<void> write_config() const;
  [[nodiscard]] Result<void> try_start();

  std::string program_;
  std::string directory_;
  std::string settings_;
  Socket reserved_;  // bound to the port, and never listens
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace holdfast::demo
