// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <cstring>

// Put into the copy of the sources that tests/mutants/run builds, and nowhere else.
namespace holdfast::mutants {

/// True for the bug that the environment names. The name of the variable is what tests look for in binaries.
inline bool planted(const char* name) noexcept {
  static const char* const chosen = std::getenv("HOLDFAST_BUG");
  return chosen != nullptr && std::strcmp(chosen, name) == 0;
}

}  // namespace holdfast::mutants

#define PLANTED(name) (::holdfast::mutants::planted(name))
