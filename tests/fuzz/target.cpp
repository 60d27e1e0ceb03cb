// SPDX-License-Identifier: MIT
#include "fuzz/target.hpp"

namespace holdfast::fuzz {

const Target*& targets() noexcept {
  static const Target* first = nullptr;
  return first;
}

}  // namespace holdfast::fuzz
