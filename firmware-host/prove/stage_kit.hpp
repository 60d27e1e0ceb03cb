// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <holdfast/result.hpp>

#include "demonstration/process.hpp"

/// What the stages of `prove kill` and `prove relays` have in common.
namespace holdfast::prove {

/// Kills a device that must be at work. `unavailable` when it had ended by itself: a crash must not count as a kill.
/// `log`: the file with what it printed.
[[nodiscard]] Result<void> kill_at_work(demo::ChildProcess& device, const std::string& log);

/// True: it ended by SIGKILL.
[[nodiscard]] bool ended_by_sigkill(demo::ChildProcess& device);

}  // namespace holdfast::prove
