// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <holdfast/result.hpp>
#include <string>

namespace holdfast::store {

/// What a caller is told while the file is not to be used.
[[nodiscard]] inline tl::unexpected<Error> no_service() {
  return fail(ErrorCode::io_error, "use the store",
              "it had I/O errors and is not usable now; see the kernel's log, then restart");
}

/// Runs what a caller gave us: an exception of his is a failed call.
template <class Closure>
[[nodiscard]] Result<void> run_closure(const Closure& closure) {
  const auto threw = [](const char* what) {
    return fail(ErrorCode::invalid, "run the closure", std::string("it threw an exception: ") + what);
  };
  try {
    return closure();
  } catch (const std::exception& e) {
    return threw(e.what());
  } catch (...) {
    return threw("of an unknown type");
  }
}

}  // namespace holdfast::store
