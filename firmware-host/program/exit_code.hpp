// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include <holdfast/result.hpp>

/// Exit codes after sysexits.h: a script tells by them what to do next. The table stands in README.md.
namespace holdfast::program {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFinding = 1;        ///< it worked, and what it found is not well
inline constexpr int kExitUsage = 64;         ///< fix the command line
inline constexpr int kExitData = 65;          ///< the event or the file is not what it must be
inline constexpr int kExitNoInput = 66;       ///< there is no such file
inline constexpr int kExitUnavailable = 69;   ///< the broker is not there
inline constexpr int kExitSoftware = 70;      ///< our own mistake
inline constexpr int kExitCannotCreate = 73;  ///< no directory or no room for what was to be stored
inline constexpr int kExitIo = 74;            ///< the disk, or standard output, failed
inline constexpr int kExitTemporary = 75;     ///< try again later
inline constexpr int kExitDenied = 77;        ///< permissions, or refused credentials
inline constexpr int kExitConfig = 78;        ///< this program is too old for the store

/// What was being done: it tells whose mistake `invalid` is.
enum class Doing : std::uint8_t {
  configuring,  ///< with words of the command line
  opening,      ///< a file
  storing,      ///< an event
  connecting,   ///< to a broker
};

[[nodiscard]] int exit_code(ErrorCode code, Doing doing) noexcept;

/// Why a subcommand ends: what to say, and the exit code.
struct Trouble {
  Error error;
  int exit_code = kExitSoftware;
};

template <class T>
using Outcome = tl::expected<T, Trouble>;

[[nodiscard]] inline tl::unexpected<Trouble> trouble(Error error, int exit_code) {
  return tl::unexpected<Trouble>(Trouble{std::move(error), exit_code});
}
[[nodiscard]] inline tl::unexpected<Trouble> trouble(Error error, Doing doing) {
  const int code = exit_code(error.code, doing);
  return trouble(std::move(error), code);
}

}  // namespace holdfast::program
