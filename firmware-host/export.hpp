// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace holdfast::program {

/// `holdfast export`: events as CloudEvents, one JSON object a line, in the order of their lanes.
struct ExportOptions {
  std::string store;
  std::string lane;           ///< empty: all
  std::int64_t from_seq = 1;  ///< in each lane
  std::int64_t to_seq = std::numeric_limits<std::int64_t>::max();
  bool settled = false;  ///< those that are settled and retained, too
};

/// Returns the exit code.
int run_export(const ExportOptions& options);

}  // namespace holdfast::program
