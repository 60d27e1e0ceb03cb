// SPDX-License-Identifier: MIT
#pragma once

namespace holdfast {

/// Prints the broken assumption to stderr and aborts. Only HOLDFAST_CHECK calls it.
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace holdfast

/// An assumption of ours: on in release too. A broken world is a Result, never this.
#define HOLDFAST_CHECK(expression) \
  (static_cast<bool>(expression) ? void(0) : ::holdfast::check_failed(#expression, __FILE__, __LINE__))
