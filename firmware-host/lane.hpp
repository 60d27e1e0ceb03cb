// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::program {

enum class LaneDeed : std::uint8_t { list, pause, resume, remove };

/// `holdfast lane list|pause|resume|remove`.
struct LaneCommandOptions {
  LaneDeed deed = LaneDeed::list;
  std::string store;
  std::string lane;           ///< not with list
  bool declare_loss = false;  ///< remove: give up what waits
  bool json = false;          ///< list
};

/// Returns the exit code.
int run_lane(const LaneCommandOptions& options);

}  // namespace holdfast::program
