// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/result.hpp>

namespace holdfast::demo {

/// A process that the demo starts, stops and kills. It dies with its parent, whatever ends that, and is out
/// of reach of the terminal's Ctrl-C. One thread at a time.
class ChildProcess {
 public:
  /// Runs the program `arguments[0]` (a path); what it prints is appended to the file `log`. A program that
  /// cannot be run ends with code 127. `io_error`.
  [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(std::vector<std::string> arguments,
                                                                   const std::string& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void freeze();  ///< SIGSTOP; on return it does nothing any more
  void thaw();    ///< SIGCONT
  void ask_to_end();
  /// SIGKILL, and waits for the end, which the kernel owes. Idempotent.
  void kill();
  [[nodiscard]] bool running();
  [[nodiscard]] bool was_killed() const noexcept { return was_killed_; }  ///< by kill()
  /// The exit code (128 + n after signal n); nullopt when it still runs after `patience`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  void signal(int number) const;
  void take(int status);

  pid_t pid_;
  std::optional<int> exit_code_;
  bool was_killed_ = false;
};

/// The program in PATH or where Debian keeps daemons; empty when it is not installed.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace holdfast::demo
