// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <holdfast/time.hpp>

#include "demonstration/history.hpp"

namespace holdfast::demo {

/// What people see while the demo runs: the story on standard output, a line of progress on standard error.
/// On a terminal that line is rewritten in place, elsewhere there is a new one every few seconds.
class Narrator {
 public:
  explicit Narrator(History& history);
  ~Narrator();
  Narrator(const Narrator&) = delete;
  Narrator& operator=(const Narrator&) = delete;

  /// Something happened. Goes into the history, too.
  void tell(Instant at, std::string text);
  void progress(const Sample& sample);

 private:
  void clear_line();

  History& history_;
  bool rewrites_;
  bool has_line_ = false;
  Instant next_progress_ = Instant::min();
};

}  // namespace holdfast::demo
