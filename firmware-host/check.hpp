// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace holdfast::program {

/// `holdfast check`: every row's checksum, and the structure of the file.
struct CheckOptions {
  std::string store;
  bool json = false;
};

/// Returns the exit code: kExitFinding when something was found.
int run_check(const CheckOptions& options);

}  // namespace holdfast::program
