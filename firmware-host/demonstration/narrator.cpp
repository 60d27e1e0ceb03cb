// SPDX-License-Identifier: MIT
#include "demonstration/narrator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace holdfast::demo {
namespace {

constexpr std::chrono::milliseconds kRewritePeriod{200};
constexpr std::chrono::seconds kLinePeriod{5};

}  // namespace

Narrator::Narrator(History& history) : history_(history), rewrites_(::isatty(STDERR_FILENO) == 1) {}

Narrator::~Narrator() { clear_line(); }

void Narrator::tell(Instant at, std::string text) {
  clear_line();
  const double seconds = std::max(0.0, history_.seconds(at));
  fmt::print("  {:5.1f} s  {}\n", seconds, text);
  std::fflush(stdout);
  history_.story.push_back({at, std::move(text)});
}

void Narrator::progress(const Sample& sample) {
  if (sample.at < next_progress_) return;
  next_progress_ = sample.at + (rewrites_ ? Duration(kRewritePeriod) : Duration(kLinePeriod));
  clear_line();
  fmt::print(stderr, "  {:5.1f} s  committed {}  applied {}  duplicates {}  backlog {}  in flight {}{}",
             history_.seconds(sample.at), sample.committed, sample.applied, sample.duplicates, sample.backlog,
             sample.in_flight, rewrites_ ? "" : "\n");
  std::fflush(stderr);
  has_line_ = rewrites_;
}

void Narrator::clear_line() {
  if (has_line_) fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  has_line_ = false;
}

}  // namespace holdfast::demo
