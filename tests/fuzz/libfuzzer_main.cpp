// SPDX-License-Identifier: MIT
#include <cstdint>

#include <holdfast/check.hpp>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const holdfast::fuzz::Target* target = holdfast::fuzz::targets();
  HOLDFAST_CHECK(target != nullptr && target->next == nullptr);
  target->run(std::as_bytes(std::span(data, size)));
  return 0;
}
