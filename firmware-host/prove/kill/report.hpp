// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "prove/kill/stage.hpp"
#include "prove/kill/verdict.hpp"

namespace holdfast::prove {

struct KillReport {
  std::uint64_t seed = 0;
  std::uint64_t runs = 0;
  double seconds = 0;
  KillCounts counts;
  KillVerdict verdict;
  std::unordered_map<std::string, std::uint64_t> seed_of;  ///< of Holdfast's committed events
  std::vector<std::string> machinery;                      ///< what went wrong beside the events

  /// Empty: passed.
  [[nodiscard]] std::vector<std::string> complaints() const;
  /// The commands that repeat the runs of what Holdfast lost or did twice, at most a handful.
  [[nodiscard]] std::vector<std::string> commands() const;
};

[[nodiscard]] std::string to_text(const KillReport& report);
[[nodiscard]] std::string to_json(const KillReport& report);  ///< one line

}  // namespace holdfast::prove
