// SPDX-License-Identifier: MIT
#include "prove/stage_kit.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace holdfast::prove {
namespace {

constexpr int kKilled = 128 + SIGKILL;

[[nodiscard]] std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

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

Result<void> Stage::find_device() const {
  if (::access((names_.programs + "/" + names_.program).c_str(), X_OK) == 0) return {};
  return fail(ErrorCode::unavailable, names_.proof,
              std::string(names_.program) + " is not beside holdfast; run it from the build tree");
}

Result<void> Stage::start_broker() {
  auto broker = demo::Broker::start(names_.directory);
  if (!broker) return tl::unexpected<Error>(broker.error());
  broker_ = std::move(*broker);
  return {};
}

Result<void> Stage::start_consumer() {
  auto receiver = KillReceiver::start(broker_->url(), inbox_path(), platform_.view());
  if (!receiver) return tl::unexpected<Error>(receiver.error());
  receiver_ = std::move(*receiver);
  const auto subscribed =
      await(kStagePatience, [&] { return KillReceiver::is_subscribed(read_text(path("mosquitto.log"))); });
  return expect(subscribed, "the consumer does not subscribe");
}

Result<void> Stage::start_device(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), names_.programs + "/" + names_.program);
  auto device = demo::ChildProcess::start(std::move(arguments), path("device.log"));
  if (!device) return tl::unexpected<Error>(device.error());
  device_ = std::move(*device);
  return {};
}

Result<bool> Stage::await(std::chrono::milliseconds patience, const std::function<bool()>& done) {
  const Instant until = platform_.clock().now() + patience;
  while (!done()) {
    if (stop_.requested()) return fail(ErrorCode::unavailable, names_.proof, "interrupted");
    const Instant now = platform_.clock().now();
    if (now >= until) return false;
    stop_.wait(platform_.clock(), std::min(until, now + look_));
  }
  return true;
}

Result<void> Stage::pause(std::chrono::milliseconds time) {
  const auto paused = await(time, [] { return false; });
  if (!paused) return tl::unexpected<Error>(paused.error());
  return {};
}

Result<void> Stage::expect(const Result<bool>& awaited, const char* what) const {
  if (!awaited) return tl::unexpected<Error>(awaited.error());
  if (*awaited) return {};
  return fail(ErrorCode::unavailable, names_.proof, std::string(what) + "; see " + path("device.log"));
}

}  // namespace holdfast::prove
