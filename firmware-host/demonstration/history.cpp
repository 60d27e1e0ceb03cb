// SPDX-License-Identifier: MIT
#include "demonstration/history.hpp"

#include <algorithm>
#include <chrono>

namespace holdfast::demo {

std::uint64_t History::backlog_peak() const {
  std::uint64_t peak = 0;
  for (const Sample& sample : samples) peak = std::max(peak, sample.backlog);
  return peak;
}

double History::seconds(Instant at) const { return std::chrono::duration<double>(at - began).count(); }

}  // namespace holdfast::demo
