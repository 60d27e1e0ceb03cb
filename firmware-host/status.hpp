// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace holdfast::program {

/// `holdfast status`: of a store that nobody uses, or of a running daemon by the file that it writes.
struct StatusOptions {
  std::string store;
  std::string status_file;
  bool json = false;
};

/// Returns the exit code.
int run_status(const StatusOptions& options);

}  // namespace holdfast::program
