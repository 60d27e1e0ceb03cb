// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>
#include <holdfast/check.hpp>

namespace holdfast {

void check_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "holdfast: broken assumption: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace holdfast
