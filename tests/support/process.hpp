// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::test_support {

/// A child process that dies with this object, and with its parent. Standard output can be read line by line.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// SIGKILL, and waits for the end. Idempotent.
  void kill();
  /// The exit code (128 + n after signal n); nullopt when it still runs after `patience`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience);
  /// The next line of its output; nullopt at its end, or after `patience`.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds patience);
  [[nodiscard]] bool running();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffered_;
  std::optional<int> exit_code_;
};

/// The program in PATH, /usr/sbin or /usr/local/sbin; aborts when it is not installed.
[[nodiscard]] std::string find_program(const std::string& name);
/// Runs it to its end, aborts unless it succeeds within 30 s.
void run(std::vector<std::string> arguments);

}  // namespace holdfast::test_support
