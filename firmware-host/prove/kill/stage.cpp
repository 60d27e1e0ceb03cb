// SPDX-License-Identifier: MIT
//
// How a broker is killed without making it forget what it has acknowledged (Mosquitto 2.0 acknowledges first and saves
// after; no sender can mend that alone): the device is stopped until nothing arrives any more and the broker has saved
// its state; the broker is stopped; the device goes on, and what it publishes is in flight; the broker is killed.
#include "prove/kill/stage.hpp"

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "demonstration/tables.hpp"

namespace holdfast::prove {
namespace {

using demo::NetworkFault;
using std::chrono::milliseconds;

constexpr std::uint64_t kLastEvents = 10;  // of the life that ends by itself

constexpr milliseconds kLook{2};
constexpr milliseconds kIdleFor{250};  // longer than Mosquitto's own 100 ms round
constexpr milliseconds kSlowedBy{30};
constexpr milliseconds kInFlightFor{50};  // for the first publishes to the stopped broker

void remove_database(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix, ignored);
}

}  // namespace

KillStage::KillStage(const std::string& programs, const std::string& directory)
    : Stage({"prove kill", "holdfast_kill_device", programs, directory}, kLook) {}

Result<std::unique_ptr<KillStage>> KillStage::set_up(const std::string& programs,
                                                     const std::string& directory) {
  std::unique_ptr<KillStage> stage(new KillStage(programs, directory));
  if (auto started = stage->start_world(); !started) return tl::unexpected<Error>(started.error());
  return stage;
}

Result<void> KillStage::start_world() {
  if (auto found = find_device(); !found) return found;
  if (auto started = start_broker(); !started) return started;
  auto proxy = demo::Proxy::start(broker_->port());
  if (!proxy) return tl::unexpected<Error>(proxy.error());
  proxy_ = std::move(*proxy);
  return start_consumer();
}

Result<std::vector<demo::LedgerRow>> KillStage::play(const KillPlan& plan, Contender contender) {
  const Cast cast{contender, plan.seed};
  Result<void> done;
  for (std::size_t i = 0; i <= plan.deaths.size() && done; ++i) {
    if (i == plan.troubled_before) done = live_in_trouble(cast, plan.troubled);
    if (done && i < plan.deaths.size()) done = live_until_killed(cast, plan.deaths[i]);
  }
  if (done) done = live_to_the_end(cast);
  if (!done) return tl::unexpected<Error>(done.error());
  auto committed = demo::read_committed(store_path(cast));
  if (!committed) return committed;
  if (auto received = await_receipts(cast, *committed); !received)
    return tl::unexpected<Error>(received.error());
  remove_database(store_path(cast));
  return committed;
}

std::string KillStage::store_path(const Cast& cast) const {
  return path(std::string(to_string(cast.contender)) + "-" + std::to_string(cast.seed) + ".db");
}

Result<void> KillStage::start_device(const Cast& cast, std::uint64_t events, const Death* death) {
  std::vector<std::string> arguments = {std::string(to_string(cast.contender)), store_path(cast),
                                        proxy_->url(), std::to_string(cast.seed), std::to_string(events)};
  if (death != nullptr)
    arguments.insert(arguments.end(), {std::string(to_string(death->point)), std::to_string(death->passing),
                                       std::to_string(death->after.count())});
  return Stage::start_device(std::move(arguments));
}

Result<void> KillStage::live_until_killed(const Cast& cast, const Death& death) {
  if (auto started = start_device(cast, 0, &death); !started) return started;
  const auto ended = await(kStagePatience, [this] { return !device_->running(); });
  if (auto done = expect(ended, "a device does not come to the point where it should die"); !done)
    return done;
  if (auto done = expect(ended_by_sigkill(*device_), "a device ended instead of being killed"); !done)
    return done;
  counts_.device_kills += 1;
  return {};
}

Result<void> KillStage::live_in_trouble(const Cast& cast, const TroubledLife& life) {
  const std::uint64_t before = receiver_->messages();
  if (auto started = start_device(cast, 0, nullptr); !started) return started;
  const auto works =
      await(kStagePatience, [&] { return receiver_->messages() > before || !device_->running(); });
  if (auto done = expect(works, "nothing arrives from a device"); !done) return done;
  auto disturbed = life.trouble == Trouble::broker_killed ? kill_broker(life) : disturb_network(life);
  if (!disturbed) return disturbed;
  if (life.killed_in_it) return {};
  const std::uint64_t then = receiver_->messages();
  const auto again =
      await(kStagePatience, [&] { return receiver_->messages() > then + 1 || !device_->running(); });
  if (auto done = expect(again, "nothing arrives from a device after the trouble"); !done) return done;
  return kill_device();
}

Result<void> KillStage::live_to_the_end(const Cast& cast) {
  if (auto started = start_device(cast, kLastEvents, nullptr); !started) return started;
  const auto ended = await(kStageEndPatience, [this] { return !device_->running(); });
  if (auto done = expect(ended, "a device does not end"); !done) return done;
  return expect(device_->wait(milliseconds(0)) == 0, "a device failed");
}

Result<void> KillStage::disturb_network(const TroubledLife& life) {
  proxy_->delay(kSlowedBy);  // so that the fault meets events on their way
  if (auto done = pause(2 * kSlowedBy); !done) return done;
  switch (life.trouble) {
    case Trouble::network_down: proxy_->set(NetworkFault::down); break;
    case Trouble::connection_cut: proxy_->cut(); break;
    case Trouble::connection_reset: proxy_->reset(); break;
    case Trouble::half_open: proxy_->set(NetworkFault::half_open); break;
    case Trouble::half_a_publish: proxy_->truncate(demo::Direction::to_broker); break;
    case Trouble::half_a_puback: proxy_->truncate(demo::Direction::to_client); break;
    case Trouble::slow_network: proxy_->delay(life.lasts / 2); break;
    case Trouble::broker_killed: break;
  }
  counts_.network_troubles += 1;
  if (auto done = pause(life.lasts); !done) return done;
  if (life.killed_in_it)
    if (auto done = kill_device(); !done) return done;
  proxy_->heal();
  return {};
}

Result<void> KillStage::kill_broker(const TroubledLife& life) {
  if (auto done = settle_broker(); !done) return done;
  if (auto done = pause(kInFlightFor); !done) return done;
  broker_->process().kill();
  counts_.broker_kills += 1;
  if (auto done = pause(life.lasts); !done) return done;
  if (life.killed_in_it)
    if (auto done = kill_device(); !done) return done;
  return broker_->restart();
}

/// On return the device works and the broker is stopped: idle, and with its state saved.
Result<void> KillStage::settle_broker() {
  device_->freeze();
  std::uint64_t messages = receiver_->messages();
  Instant since = platform_.clock().now();
  const auto idle = await(kStagePatience, [&] {
    const Instant now = platform_.clock().now();
    if (receiver_->messages() != messages) since = now;
    messages = receiver_->messages();
    return now - since >= kIdleFor;
  });
  if (auto done = expect(idle, "the broker does not come to rest"); !done) return done;
  std::error_code error;
  const auto saved_before = std::filesystem::last_write_time(path("mosquitto.db"), error);
  ::kill(broker_->process().pid(),
         SIGUSR1);  // "save now"; the new file takes the place of the old one when it is whole
  const auto saved = await(kStagePatience, [&] {
    std::error_code absent;
    return std::filesystem::last_write_time(path("mosquitto.db"), absent) != saved_before && !absent;
  });
  if (auto done = expect(saved, "the broker does not save its state"); !done) return done;
  broker_->process().freeze();
  device_->thaw();
  return {};
}

/// The broker has acknowledged all that the last device process had to send, and hands it on in order: of a dual
/// write the last event is waited for, as others may never come; of Holdfast all, or patience decides.
Result<void> KillStage::await_receipts(const Cast& cast, const std::vector<demo::LedgerRow>& committed) {
  if (committed.empty()) return {};
  const auto last = std::max_element(committed.begin(), committed.end(),
                                     [](const auto& a, const auto& b) { return a.at < b.at; });
  const auto came = [&] {
    if (!receiver_->has(last->id)) return false;
    return cast.contender != Contender::holdfast ||
           std::all_of(committed.begin(), committed.end(),
                       [&](const auto& row) { return receiver_->has(row.id); });
  };
  const auto all = await(kStagePatience, came);
  if (!all) return tl::unexpected<Error>(all.error());
  return {};
}

Result<void> KillStage::kill_device() {
  if (auto killed = kill_at_work(*device_, path("device.log")); !killed) return killed;
  counts_.device_kills += 1;
  return {};
}

}  // namespace holdfast::prove
