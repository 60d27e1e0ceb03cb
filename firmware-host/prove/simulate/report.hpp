// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/simulate/run.hpp"

namespace holdfast::prove {

[[nodiscard]] std::string to_text(const SimulateReport& report);  ///< lines for people
[[nodiscard]] std::string to_json(const SimulateReport& report);  ///< one line, no line end
/// The command that lives this life again.
[[nodiscard]] std::string command_for(const SimulateReport& report);
[[nodiscard]] std::string headline_of(const SimulateReport& report);  ///< the outcome, in a sentence

}  // namespace holdfast::prove
