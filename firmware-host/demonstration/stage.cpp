// SPDX-License-Identifier: MIT
#include "demonstration/stage.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string_view>

#include "demonstration/status.hpp"

namespace holdfast::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLookPeriod{50};
constexpr const char* kStatusInterval = "50ms";
// An outage of seconds should not be followed by one of backing off.
constexpr const char* kBackoffMax = "2s";
constexpr seconds kStartPatience{20};
constexpr seconds kEndPatience{20};
constexpr const char* kDevice = "demo-device";
constexpr const char* kConsumer = "demo-consumer";
constexpr const char* kTopics = "holdfast/#";
constexpr int kSimulatedSensors = 4;
// The table demo_committed stands in it too: the longest demo needs a third.
constexpr const char* kBudget = "64MiB";

[[nodiscard]] std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Stage::Stage(StageOptions options, platform::LinuxPlatform& platform, History& history, Narrator& narrator)
    : options_(std::move(options)), platform_(platform), history_(history), narrator_(narrator) {}

Result<void> Stage::set_up() {
  auto broker = Broker::start(options_.directory);
  if (!broker) return tl::unexpected<Error>(broker.error());
  broker_ = std::move(*broker);
  auto consumer = ChildProcess::start(
      {options_.program, "consume", "--inbox", path("inbox.db"), "--broker", broker_->url(), "--client-id",
       kConsumer, "--topic", kTopics, "--ledger", "--quiet", "--status-file", path("consumer.json"),
       "--status-interval", kStatusInterval, "--backoff-max", kBackoffMax},
      path("consumer.log"));
  if (!consumer) return tl::unexpected<Error>(consumer.error());
  consumer_ = std::move(*consumer);
  const auto subscribed = watch(now() + kStartPatience, [this](const Sample&) { return is_subscribed(); });
  if (!subscribed) return tl::unexpected<Error>(subscribed.error());
  if (*subscribed) return {};
  return fail(ErrorCode::unavailable, "start the consumer",
              "it does not subscribe; see " + path("consumer.log"));
}

/// The broker's own word, in its log.
bool Stage::is_subscribed() const {
  return read_text(path("mosquitto.log")).find(std::string(kConsumer) + " 1 " + kTopics) != std::string::npos;
}

std::string Stage::broker_version() const {
  constexpr std::string_view kBefore = "mosquitto version ";
  const std::string log = read_text(path("mosquitto.log"));
  const std::size_t at = log.find(kBefore);
  if (at == std::string::npos) return "Mosquitto";
  const std::size_t begin = at + kBefore.size();
  return "Mosquitto " + log.substr(begin, log.find_first_of(" \n", begin) - begin);
}

Result<void> Stage::start_device(std::uint64_t count) {
  std::vector<std::string> arguments = {options_.program,
                                        "run",
                                        "--store",
                                        path("store.db"),
                                        "--device",
                                        kDevice,
                                        "--broker",
                                        broker_->url(),
                                        "--ledger",
                                        "--quiet",
                                        "--rate",
                                        std::to_string(options_.events_per_s),
                                        "--simulated",
                                        std::to_string(kSimulatedSensors),
                                        "--seed",
                                        std::to_string(options_.seed),
                                        "--budget",
                                        kBudget,
                                        "--status-file",
                                        path("device.json"),
                                        "--status-interval",
                                        kStatusInterval,
                                        "--backoff-max",
                                        kBackoffMax};
  if (count != 0) arguments.insert(arguments.end(), {"--count", std::to_string(count)});
  auto device = ChildProcess::start(std::move(arguments), path("device.log"));
  if (!device) return tl::unexpected<Error>(device.error());
  device_ = std::move(*device);
  return {};
}

Result<void> Stage::end_consumer() {
  consumer_->ask_to_end();
  const auto code = consumer_->wait(kEndPatience);
  (void)look();  // its last word
  if (code == 0) return {};
  return fail(ErrorCode::unavailable, "end the consumer",
              (code ? "it ended with code " + std::to_string(*code) : std::string("it does not end")) +
                  "; see " + path("consumer.log"));
}

Result<bool> Stage::watch(Instant deadline, const std::function<bool(const Sample&)>& done) {
  for (;;) {
    const Sample& sample = look();
    narrator_.progress(sample);
    if (done(sample)) return true;
    if (sample.at >= deadline) return false;
    if (stop_.requested()) return fail(ErrorCode::unavailable, "run the demo", "interrupted");
    if (sample.at >= give_up_at_)
      return fail(ErrorCode::unavailable, "run the demo",
                  "it takes too long; see the logs in " + options_.directory);
    if (auto alive = check_alive(); !alive) return tl::unexpected<Error>(alive.error());
    stop_.wait(platform_.clock(), std::min(deadline, sample.at + kLookPeriod));
  }
}

Result<void> Stage::watch_until(Instant deadline) {
  const auto watched = watch(deadline, [](const Sample&) { return false; });
  if (!watched) return tl::unexpected<Error>(watched.error());
  return {};
}

const Sample& Stage::look() {
  Sample sample = history_.samples.empty() ? Sample{} : history_.samples.back();
  read_device_status(path("device.json"), sample);
  read_consumer_status(path("consumer.json"), sample);
  sample.at = now();
  return history_.samples.emplace_back(sample);
}

/// Nobody may end unasked but the device, with code 0, when it has done what it was told to.
Result<void> Stage::check_alive() {
  const auto has_ended = [](const std::unique_ptr<ChildProcess>& process) {
    return process && !process->was_killed() && !process->running();
  };
  if (broker_ && !broker_->process().was_killed() && !broker_->process().running())
    return tl::unexpected<Error>(ended("mosquitto"));
  if (has_ended(consumer_)) return tl::unexpected<Error>(ended("consumer"));
  if (has_ended(device_) && device_->wait(milliseconds(0)) != 0)
    return tl::unexpected<Error>(ended("device"));
  return {};
}

Error Stage::ended(const std::string& who) const {
  return {ErrorCode::unavailable, 0, "run the demo",
          "the " + who + " process ended; see " + path(who + ".log")};
}

}  // namespace holdfast::demo
