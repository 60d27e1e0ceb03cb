// SPDX-License-Identifier: MIT
#include "bench/heap.hpp"

#include <malloc.h>

namespace holdfast::bench {

std::optional<std::uint64_t> heap_in_use_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  const std::uint64_t bytes = info.uordblks + info.hblkhd;
  if (bytes == 0) return std::nullopt;
  return bytes;
}

}  // namespace holdfast::bench
