// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace holdfast {

/// What went wrong, told apart by what the caller should do next. Numbers are part of the ABI: retired ones
/// are never reused.
enum class ErrorCode : std::uint8_t {
  // Try again later; nothing was stored.
  busy = 1,         ///< somebody else holds the store, or a bounded queue is full for the moment
  unavailable = 2,  ///< the other side is not there now: no broker, deadline passed, store being closed
  // Slow down or drop.
  full = 3,       ///< the budget is used up; nothing was stored
  too_large = 4,  ///< over a written limit; the same call can never succeed
  // Fix the call or the configuration.
  invalid = 5,  ///< malformed input, wrong state, or a file that is not a Holdfast store
  // Call an operator.
  corrupt = 6,       ///< the store is damaged
  schema_newer = 7,  ///< the store was written by a newer Holdfast
  disk_full = 8,     ///< the file system has no room (not the budget: that is `full`)
  denied = 9,        ///< permission, read-only file system, or the broker refused the credentials
  io_error = 10,     ///< the operating system reported an I/O error
  // Ask again with the same key, or look.
  outcome_unknown = 11,  ///< the commit may or may not have happened
};

/// The name used in logs, JSON and metrics: "busy", "outcome_unknown", ...
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// A failed call. `hint` is a sentence that says what to do next; it never contains a secret.
struct Error {
  ErrorCode code = ErrorCode::invalid;
  std::int32_t native = 0;  ///< SQLite extended code or MQTT reason code, 0 when there is none
  std::string where;        ///< what was being done: "open store /var/lib/holdfast/holdfast.db"
  std::string hint;

  /// One line: "open store x: busy (5): held by pid 17; stop it first".
  [[nodiscard]] std::string text() const;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::invalid, "add event", "the key is empty");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string where, std::string hint = {},
                                                std::int32_t native = 0) {
  return tl::unexpected<Error>(Error{code, native, std::move(where), std::move(hint)});
}

}  // namespace holdfast
