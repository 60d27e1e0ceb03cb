// SPDX-License-Identifier: MIT
// The device process of `holdfast prove relays`: several relays over one store. Found beside holdfast.
//
//   holdfast_relays_device STORE JOURNAL URL...
//
// Writes events until SIGTERM, and ends with 0 when all of them are acknowledged. Each URL is one connection's own way
// to the same broker.
#include <cstdio>
#include <string>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/ledger.hpp"
#include "program/stop_signal.hpp"
#include "prove/kill/link.hpp"
#include "prove/relays/link.hpp"
#include "prove/relays/plan.hpp"
#include "prove/relays/verdict.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

constexpr const char* kDevice = "relays";
constexpr std::uint64_t kBudgetBytes =
    64ULL * 1024 * 1024;                      // the table of what was committed stands in it too
constexpr std::uint64_t kKeys = 64;           // so that each of 8 shares has some
constexpr std::uint64_t kOneInWholeLane = 8;  // of so many events
constexpr milliseconds kEventPeriod{4};
constexpr milliseconds kAckTimeout{1'000};
constexpr milliseconds kBackoffMin{10};
constexpr milliseconds kBackoffMax{100};
constexpr std::chrono::seconds kFlushPatience{60};
constexpr milliseconds kSettleDelay{10};  // lives are short: see prove/kill/device.cpp

struct Work {
  std::string store;
  std::string journal;
  std::vector<std::string> urls;
};

[[nodiscard]] RelayOptions relay_options(const Work& work) {
  RelayOptions relay;
  relay.broker.url = work.urls.front();
  relay.broker.client_id = kDevice;
  relay.broker.connect_timeout = kAckTimeout;
  relay.ack_timeout = kAckTimeout;
  relay.backoff_min = kBackoffMin;
  relay.backoff_max = kBackoffMax;
  relay.lease_term = kLeaseTerm;
  relay.presence = false;
  relay.commands = false;
  relay.lanes = {{.name = kSpreadLane, .spread = true}};
  return relay;
}

[[nodiscard]] Result<std::unique_ptr<Outbox>> open(const Work& work, PlatformView platform,
                                                   Journal& journal) {
  StoreOptions store;
  store.path = work.store;
  store.device = kDevice;
  store.lanes = {{.name = kSpreadLane}, {.name = kWholeLane}};
  store.budget_bytes = kBudgetBytes;
  store.settle_events_max = 4;
  store.settle_delay_max = kSettleDelay;
  auto outbox = Outbox::open(store, platform);
  if (!outbox) return outbox;
  std::vector<std::unique_ptr<platform::Link>> links;
  for (std::size_t n = 0; n < work.urls.size(); ++n)
    links.push_back(std::make_unique<JournalLink>(platform::make_linux_link(), n + 1, work.urls[n], journal));
  if (auto started = (*outbox)->start_relays(relay_options(work), std::move(links)); !started)
    return tl::unexpected<Error>(started.error());
  return outbox;
}

[[nodiscard]] Result<void> write_one(Transaction& transaction, std::uint64_t n, std::int64_t now_ns) {
  if (auto made = program::make_committed_table(transaction.sql()); !made) return made;
  const std::string key = "key-" + std::to_string(n % kKeys);
  auto id = transaction.add({.lane = n % kOneInWholeLane == 0 ? kWholeLane : kSpreadLane,
                             .key = key,
                             .type = kKillEventType,
                             .content_type = "text/plain",
                             .data = bytes_of("tick")});
  if (!id) return tl::unexpected<Error>(id.error());
  return program::note_committed(transaction.sql(), *id, now_ns);
}

[[nodiscard]] Result<void> work_until_asked_to_end(const Work& work, program::StopSignal& stop) {
  const platform::LinuxPlatform platform;
  platform::Clock& clock = platform.clock();
  auto journal = Journal::open(work.journal);
  if (!journal) return tl::unexpected<Error>(journal.error());
  (*journal)->add({ClaimStep::life});
  auto outbox = open(work, platform.view(), **journal);
  if (!outbox) return tl::unexpected<Error>(outbox.error());
  for (std::uint64_t n = 0; !stop.requested(); ++n) {
    const std::int64_t now_ns = clock.now().time_since_epoch().count();
    const auto written =
        (*outbox)->write([&](Transaction& transaction) { return write_one(transaction, n, now_ns); });
    if (!written) return tl::unexpected<Error>(written.error());
    stop.wait(clock, clock.now() + kEventPeriod);
  }
  return (*outbox)->flush(clock.now() + kFlushPatience).and_then([&] { return (*outbox)->close(); });
}

[[nodiscard]] int run(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: holdfast_relays_device STORE JOURNAL URL...\n");
    return 64;
  }
  program::StopSignal stop;  // before everything that starts threads
  const auto done = work_until_asked_to_end(
      {arguments[1], arguments[2], std::vector<std::string>(arguments + 3, arguments + count)}, stop);
  if (done) return 0;
  std::fprintf(stderr, "holdfast_relays_device: %s\n", done.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace holdfast::prove

int main(int count, char** arguments) { return holdfast::prove::run(count, arguments); }
