// SPDX-License-Identifier: MIT
#include "bench/figure.hpp"

#include <algorithm>

namespace holdfast::bench {

bool Figure::passed() const { return sound && (kind == BarKind::at_least ? value >= bar : value <= bar); }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace holdfast::bench
