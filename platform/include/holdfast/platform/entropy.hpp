// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace holdfast::platform {

/// Random bits for epochs and jitter. Asked of an implementation: unpredictable and different on every boot
/// also without a clock (getrandom(2), which blocks until the kernel's pool is ready). Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

}  // namespace holdfast::platform
