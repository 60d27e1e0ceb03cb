// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include <holdfast/result.hpp>

#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/place.hpp"

namespace holdfast::program {

/// Prints what was proved, and returns the exit code. Unless all went well the files stay where they are.
template <class Report>
[[nodiscard]] int tell_proof(prove::Place& place, const Result<Report>& proved, bool json) {
  if (!proved) {
    place.keep();
    say("it could not be completed; the files are in " + place.path());
    return report({proved.error(), exit_code(proved.error().code, Doing::connecting)});
  }
  fmt::print("{}", to_text(*proved));
  if (json) fmt::print("{}\n", to_json(*proved));
  if (std::fflush(stdout) != 0) return kExitIo;
  if (proved->complaints().empty()) return kExitOk;
  place.keep();
  say("the files are in " + place.path());
  return kExitFinding;
}

}  // namespace holdfast::program
