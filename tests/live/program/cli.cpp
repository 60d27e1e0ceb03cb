// SPDX-License-Identifier: MIT
#include "live/program/cli.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace holdfast::program_test {
namespace {

using std::chrono::seconds;

/// Standard error goes into a file, because Process reads standard output only.
[[nodiscard]] Words in_shell(const std::string& errors, const Words& words) {
  Words all = {"/bin/sh", "-c",   "errors=$1; shift; exec \"$@\" 2>\"$errors\"",
               "sh",      errors, HOLDFAST_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

}  // namespace

Cli::Cli(Words words) : errors_(dir_ / "stderr"), process_(in_shell(errors_, words)) {}

void Cli::wait() {
  while (auto line = process_.read_line(seconds(240))) out_.push_back(std::move(*line));
  const auto code = process_.wait(seconds(240));
  ASSERT_TRUE(code.has_value()) << "holdfast did not end\n" << err();
  exit_code_ = *code;
}

std::unique_ptr<Cli> holdfast(Words words) {
  auto cli = std::make_unique<Cli>(std::move(words));
  cli->wait();
  return cli;
}

Words put_words(const std::string& store, const std::string& data, const Words& more) {
  Words words = {"put",   "--store", store,    "--device", "pi4",    "--lane", "telemetry",
                 "--key", "note",    "--type", "t.v1",     "--data", data};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace holdfast::program_test
