// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast budget`: how large a store is, or is to be.
struct BudgetOptions {
  std::string store;
  std::uint64_t budget_bytes = 0;  ///< the new one; 0: only look
  bool json = false;
};

/// Returns the exit code.
int run_budget(const BudgetOptions& options);

}  // namespace holdfast::program
