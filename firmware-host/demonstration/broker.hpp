// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <holdfast/result.hpp>

#include "demonstration/process.hpp"

namespace holdfast::demo {

/// A private Mosquitto on a free port of 127.0.0.1, whose sessions and queues survive SIGKILL.
class Broker {
 public:
  /// Files go to `directory`. On return it accepts connections. `unavailable`: not installed, or it ends.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(const std::string& directory);

  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] ChildProcess& process() noexcept { return *process_; }
  [[nodiscard]] Result<void> restart();  ///< on the same port, after kill()

 private:
  Broker(std::string program, std::string directory)
      : program_(std::move(program)), directory_(std::move(directory)) {}
  [[nodiscard]] Result<void> write_config() const;
  [[nodiscard]] Result<void> try_start();

  std::string program_;
  std::string directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace holdfast::demo
