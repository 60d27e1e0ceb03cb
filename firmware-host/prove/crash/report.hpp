// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/crash/explorer.hpp"

namespace holdfast::prove {

/// How it was run: told beside what was found, because it differs between two runs of one seed.
struct CrashRun {
  double seconds = 0;
  unsigned threads = 1;
  std::string sqlite;  ///< version of the library
};

[[nodiscard]] std::string to_text(const CrashReport& report, const CrashRun& run);  ///< lines for people
[[nodiscard]] std::string to_json(const CrashReport& report, const CrashRun& run);  ///< one line, no line end
/// The command that looks at this state alone.
[[nodiscard]] std::string command_for(const CrashReport& report, const BadState& bad);

}  // namespace holdfast::prove
