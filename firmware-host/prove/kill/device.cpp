// SPDX-License-Identifier: MIT
// A device process of `holdfast prove kill`: the program that is killed. Found beside holdfast.
//
//   holdfast_kill_device holdfast|commit-first|publish-first STORE URL SEED EVENTS [POINT PASSING AFTER_MS]
//
// Writes EVENTS events (0: any number) and ends with 0 when all of them are acknowledged; or dies where it is told to.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/ledger.hpp"
#include "prove/kill/naive_device.hpp"

namespace holdfast::prove {
namespace {

constexpr const char* kLane = "telemetry";
constexpr const char* kCounter = "counter";
constexpr std::chrono::seconds kFlushPatience{60};
constexpr std::chrono::milliseconds kSettleDelay{10};

[[nodiscard]] Result<std::unique_ptr<Outbox>> open(const DeviceWork& work, PlatformView platform,
                                                   Reaper& reaper) {
  StoreOptions store;
  store.path = work.store;
  store.device = work.device();
  store.lanes = {{.name = kLane}};
  store.budget_bytes = 8ULL * 1024 * 1024;  // the table of what was committed stands in it too
  // Lives are short here. With the defaults an acknowledgement would be on disk after a second, so that no process
  // would ever begin with what an earlier one had settled.
  store.settle_events_max = 4;
  store.settle_delay_max = kSettleDelay;
  auto outbox = Outbox::open(store, platform);
  if (!outbox) return outbox;
  RelayOptions relay;
  relay.broker = broker_of(work);
  relay.ack_timeout = kAckTimeout;
  relay.backoff_min = kBackoffMin;
  relay.backoff_max = kBackoffMax;
  relay.presence = false;
  relay.commands = false;
  auto started =
      (*outbox)->start_relay(relay, std::make_unique<KillLink>(platform::make_linux_link(), reaper));
  if (!started) return tl::unexpected<Error>(started.error());
  return outbox;
}

/// State, event, and the note of it that the judge will read, in one transaction.
[[nodiscard]] Result<void> write_one(Transaction& transaction, std::int64_t now_ns, Reaper& reaper) {
  if (auto made = program::make_committed_table(transaction.sql()); !made) return made;
  auto id = transaction.add({.lane = kLane,
                             .key = kCounter,
                             .type = kKillEventType,
                             .content_type = "text/plain",
                             .data = bytes_of("tick")});
  if (!id) return tl::unexpected<Error>(id.error());
  auto version = transaction.put(kCounter, bytes_of(id->text()));
  if (!version) return tl::unexpected<Error>(version.error());
  if (auto noted = program::note_committed(transaction.sql(), *id, now_ns); !noted) return noted;
  reaper.pass(KillPoint::before_commit);
  return {};
}

[[nodiscard]] Result<void> run_outbox_device(const DeviceWork& work, Reaper& reaper) {
  const platform::LinuxPlatform platform;
  auto outbox = open(work, platform.view(), reaper);
  if (!outbox) return tl::unexpected<Error>(outbox.error());
  for (std::uint64_t n = 0; work.events == 0 || n < work.events; ++n) {
    const std::int64_t now_ns = platform.clock().now().time_since_epoch().count();
    const auto written =
        (*outbox)->write([&](Transaction& transaction) { return write_one(transaction, now_ns, reaper); });
    if (!written) return tl::unexpected<Error>(written.error());
    std::this_thread::sleep_for(kEventPeriod);
  }
  return (*outbox)->flush(platform.clock().now() + kFlushPatience).and_then([&] {
    return (*outbox)->close();
  });
}

[[nodiscard]] std::unique_ptr<Reaper> reaper_of(int count, char** arguments) {
  if (count < 9) return std::make_unique<Reaper>();
  const auto point = kill_point(arguments[6]);
  if (!point) return nullptr;
  return std::make_unique<Reaper>(Death{*point,
                                        static_cast<unsigned>(std::strtoul(arguments[7], nullptr, 10)),
                                        std::chrono::milliseconds(std::strtoll(arguments[8], nullptr, 10))});
}

[[nodiscard]] int wrong_arguments() {
  std::fprintf(stderr,
               "usage: holdfast_kill_device CONTENDER STORE URL SEED EVENTS [POINT PASSING AFTER_MS]\n");
  return 64;
}

[[nodiscard]] int run(int count, char** arguments) {
  if (count != 6 && count != 9) return wrong_arguments();
  const auto who = contender(arguments[1]);
  const auto reaper = reaper_of(count, arguments);
  if (!who.has_value() || reaper == nullptr) return wrong_arguments();
  const DeviceWork work{.store = arguments[2],
                        .url = arguments[3],
                        .seed = std::strtoull(arguments[4], nullptr, 10),
                        .events = std::strtoull(arguments[5], nullptr, 10)};
  const auto done =
      *who == Contender::holdfast ? run_outbox_device(work, *reaper) : run_naive_device(work, *who, *reaper);
  if (done) return 0;
  std::fprintf(stderr, "holdfast_kill_device: %s\n", done.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace holdfast::prove

int main(int count, char** arguments) { return holdfast::prove::run(count, arguments); }
