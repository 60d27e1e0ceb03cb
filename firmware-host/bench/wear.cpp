// SPDX-License-Identifier: MIT
#include "bench/wear.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/counting_vfs.hpp"
#include "bench/load.hpp"
#include "bench/raw_log.hpp"
#include "bench/store_load.hpp"
#include "program/talk.hpp"

namespace holdfast::bench {
namespace {

/// The raw side acknowledges and purges as often as costs least and still bounds what a crash repeats.
constexpr std::uint64_t kRawPurgeEvents = 500;

/// What the file system was handed, per event.
struct Wear {
  double bytes = 0;
  double syncs = 0;
};

class Meter {
 public:
  explicit Meter(const CountingVfs& vfs) : vfs_(vfs), bytes_(vfs.bytes_written()), syncs_(vfs.syncs()) {}
  [[nodiscard]] Wear per_event(std::uint64_t events) const {
    const auto count = static_cast<double>(events);
    return {static_cast<double>(vfs_.bytes_written() - bytes_) / count,
            static_cast<double>(vfs_.syncs() - syncs_) / count};
  }

 private:
  const CountingVfs& vfs_;
  std::uint64_t bytes_;
  std::uint64_t syncs_;
};

Result<void> raw_life(RawLog& log, std::uint64_t first_n, std::uint64_t events, std::uint64_t group) {
  std::uint64_t settled = 0;
  for (std::uint64_t n = first_n; n < first_n + events; n += group) {
    const std::uint64_t due = n - std::min(n, kAcknowledgeLag + 1);  // older than the newest 100
    const bool purge = due >= settled + kRawPurgeEvents;
    auto done = purge ? log.append(n, group, due) : log.append(n, group);
    if (!done) return done;
    if (purge) settled = due;
  }
  return log.checkpoint();
}

Result<Wear> raw_wear(const Plan& plan, const CountingVfs& vfs, std::uint64_t events, std::uint64_t group) {
  auto log = RawLog::make(plan.place / kRawFile, plan.budget_bytes, vfs.name());
  if (!log) return tl::unexpected<Error>(log.error());
  std::uint64_t n = 1;
  for (; n <= kWarmUpEvents; ++n) {
    if (auto done = log->append(n, 1); !done) return tl::unexpected<Error>(done.error());
  }
  const Meter meter(vfs);
  if (auto done = raw_life(*log, n, events, group); !done) return tl::unexpected<Error>(done.error());
  return meter.per_event(events);
}

Result<void> our_life(StoreLoad& load, std::uint64_t events, std::uint64_t group) {
  for (std::uint64_t n = 0; n < events; n += group) {
    auto done = load.write(group);
    if (done) done = load.acknowledge(kAcknowledgeLag);
    if (!done) return done;
  }
  auto done = load.drain();
  if (done) done = load.close();
  return done;
}

Result<Wear> our_wear(const Plan& plan, const CountingVfs& vfs, std::uint64_t events, std::uint64_t group) {
  StoreOptions options = measured_store(plan.place / kOurFile, plan.budget_bytes);
  options.vfs = vfs.name();
  Workplace::remove_database(options.path);
  auto load = StoreLoad::open(options, plan.platform);
  if (!load) return tl::unexpected<Error>(load.error());
  for (std::uint64_t n = 0; n < kWarmUpEvents; ++n) {
    if (auto done = load->write(1); !done) return tl::unexpected<Error>(done.error());
  }
  if (auto done = load->drain(); !done) return tl::unexpected<Error>(done.error());
  const Meter meter(vfs);
  if (auto done = our_life(*load, events, group); !done) return tl::unexpected<Error>(done.error());
  return meter.per_event(events);
}

Result<Figure> wear_figure(const Plan& plan, std::uint64_t events, std::uint64_t group, double bar) {
  const CountingVfs vfs;
  const auto raw = raw_wear(plan, vfs, events, group);
  if (!raw) return tl::unexpected<Error>(raw.error());
  const auto ours = our_wear(plan, vfs, events, group);
  if (!ours) return tl::unexpected<Error>(ours.error());
  program::say(fmt::format("bytes written, {} per commit: {:.0f} B/event (raw {:.0f})", group, ours->bytes,
                           raw->bytes));
  return Figure{.id = fmt::format("bytes_{}", group),
                .title = fmt::format("bytes written per event, {} per commit", group),
                .unit = "B/event",
                .measured = ours->bytes,
                .ceiling = raw->bytes,
                .ceiling_is = "raw SQLite, cursor and range delete every 500 events",
                .ratio = ours->bytes / raw->bytes,
                .value = ours->bytes,
                .value_is = "B/event",
                .kind = BarKind::at_most,
                .bar = bar,
                .sound = true,
                .note = fmt::format("{:.3f} syncs per event", ours->syncs)};
}

}  // namespace

Result<std::vector<Figure>> measure_wear(const Plan& plan) {
  constexpr std::uint64_t kGroup = 50;
  const std::uint64_t grouped = (plan.events * 2 + kGroup - 1) / kGroup * kGroup;
  auto single = wear_figure(plan, plan.events * 2, 1, 14'000);
  if (!single) return tl::unexpected<Error>(single.error());
  auto group = wear_figure(plan, grouped, kGroup, 1'300);
  if (!group) return tl::unexpected<Error>(group.error());
  return std::vector<Figure>{*single, *group};
}

}  // namespace holdfast::bench
