// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace holdfast::program {

/// `holdfast backup`: a consistent copy of a store, one file without a WAL.
struct BackupOptions {
  std::string store;
  std::string file;  ///< must not be there
};

/// Returns the exit code.
int run_backup(const BackupOptions& options);

}  // namespace holdfast::program
