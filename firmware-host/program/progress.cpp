// SPDX-License-Identifier: MIT
#include "program/progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "program/talk.hpp"
#include "program/units.hpp"

namespace holdfast::program {

ProgressOutput standard_error() {
  return {::isatty(STDERR_FILENO) == 1,
          [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }};
}

Progress::Progress(std::string what, platform::Clock& clock, ProgressOutput output)
    : what_(printable(what)), clock_(clock), output_(std::move(output)), next_(clock.now() + kQuiet) {}

void Progress::tell(const ProvisioningProgress& progress) {
  if (clock_.now() < next_ || progress.total_bytes == 0) return;
  next_ = clock_.now() + (output_.rewrites ? kRewritePeriod : kLinePeriod);
  const std::string line = "holdfast: " + what_ + ": " +
                           std::to_string(progress.done_bytes * 100 / progress.total_bytes) + " % of " +
                           size_text(progress.total_bytes);
  output_.write(output_.rewrites ? "\r" + line + "\033[K" : line + "\n");
  line_open_ = output_.rewrites;
}

void Progress::end() {
  if (line_open_) output_.write("\n");
  line_open_ = false;
}

std::function<void(const ProvisioningProgress&)> teller(std::shared_ptr<Progress> progress) {
  return [progress = std::move(progress)](const ProvisioningProgress& now) {
    progress->tell(now);
    if (now.done_bytes >= now.total_bytes) progress->end();
  };
}

}  // namespace holdfast::program
