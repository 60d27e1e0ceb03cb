// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::program_test {

using Words = std::vector<std::string>;

/// A run of `holdfast` with these words, which goes on until wait() or the end of this object.
class Cli {
 public:
  explicit Cli(Words words);

  [[nodiscard]] test_support::Process& process() noexcept { return process_; }
  /// Standard output to its end, then the exit code; fails the test when nothing is said for four minutes.
  void wait();
  [[nodiscard]] int exit_code() const { return exit_code_; }
  [[nodiscard]] const Words& out() const { return out_; }
  [[nodiscard]] std::string last_line() const { return out_.empty() ? std::string() : out_.back(); }
  [[nodiscard]] std::string err() const { return test_support::read_file(errors_); }

 private:
  test_support::TempDir dir_;
  std::string errors_;
  test_support::Process process_;
  Words out_;
  int exit_code_ = -1;
};

/// Runs it to its end.
[[nodiscard]] std::unique_ptr<Cli> holdfast(Words words);

/// `holdfast put` into a store that it makes if need be.
[[nodiscard]] Words put_words(const std::string& store, const std::string& data, const Words& more = {});

}  // namespace holdfast::program_test
