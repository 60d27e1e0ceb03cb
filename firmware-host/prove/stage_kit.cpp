// SPDX-License-Identifier: MIT
#include "prove/stage_kit.hpp"

#include <signal.h>

namespace holdfast::prove {
namespace {

constexpr int kKilled = 128 + SIGKILL;

}  // namespace

bool ended_by_sigkill(demo::ChildProcess& device) {
  return device.wait(std::chrono::milliseconds(0)) == kKilled;
}

Result<void> kill_at_work(demo::ChildProcess& device, const std::string& log) {
  const bool at_work = device.running();
  device.kill();
  // It may have crashed between the two lines; then this is not how it ended.
  if (at_work && ended_by_sigkill(device)) return {};
  return fail(ErrorCode::unavailable, "kill a device", "it had ended by itself; see " + log);
}

}  // namespace holdfast::prove
