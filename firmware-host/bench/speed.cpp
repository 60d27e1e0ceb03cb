// SPDX-License-Identifier: MIT
#include "bench/speed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/load.hpp"
#include "bench/outbox_load.hpp"
#include "bench/raw_log.hpp"
#include "program/talk.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t kThreads = 16;
constexpr std::uint64_t kGroup = OutboxLoad::kGroupEvents;
/// A grouped event takes a tenth of the time or less: so many more of them make a round as long.
constexpr std::uint64_t kGroupedFactor = 10;

/// A round alternates between the sides in so many slices: a disk or a processor that is busy with something
/// else for a second or ten then slows both alike.
constexpr std::uint64_t kSlices = 40;
/// Fewer where groups form: a slice begins and ends with groups that are not full.
constexpr std::uint64_t kGroupedSlices = 8;

/// Events a second, of one round.
struct Round {
  double raw_single = 0;
  double raw_single_again = 0;  ///< beside the threads
  double raw_grouped = 0;
  double single = 0;
  double threads = 0;
  double grouped = 0;
  double threads_group_mean = 0;
  double grouped_group_mean = 0;
};

/// The raw side: `group` events a commit, one thread.
class RawLoad {
 public:
  [[nodiscard]] static Result<RawLoad> make(const Plan& plan, std::uint64_t group) {
    auto log = RawLog::make(plan.place / kRawFile, plan.budget_bytes, "");
    if (!log) return tl::unexpected<Error>(log.error());
    RawLoad load(std::move(*log), 1);
    if (auto warm = load.run(kWarmUpEvents); !warm) return tl::unexpected<Error>(warm.error());
    load.group_ = group;
    return load;
  }

  /// Events a second.
  [[nodiscard]] Result<double> run(std::uint64_t events) {
    const auto since = std::chrono::steady_clock::now();
    for (const std::uint64_t end = n_ + events; n_ < end;) {
      const std::uint64_t count = std::min(group_, end - n_);
      if (auto done = log_.append(n_, count); !done) return tl::unexpected<Error>(done.error());
      n_ += count;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
    return static_cast<double>(events) / took.count();
  }

 private:
  RawLoad(RawLog log, std::uint64_t group) : log_(std::move(log)), group_(group) {}
  RawLog log_;
  std::uint64_t group_;
  std::uint64_t n_ = 1;
};

Result<OutboxLoad> make_ours(const Plan& plan) {
  StoreOptions options = measured_store(plan.place / kOurFile, plan.budget_bytes);
  options.group_events_max = OutboxLoad::kGroupEvents;
  Workplace::remove_database(options.path);
  return OutboxLoad::make(options, plan.platform);
}

/// Sums up slices to events a second.
class Speed {
 public:
  [[nodiscard]] Result<void> take(std::uint64_t events, const Result<double>& per_second) {
    if (!per_second) return tl::unexpected<Error>(per_second.error());
    events_ += static_cast<double>(events);
    seconds_ += static_cast<double>(events) / *per_second;
    return {};
  }
  [[nodiscard]] double per_second() const noexcept { return events_ / seconds_; }

 private:
  double events_ = 0;
  double seconds_ = 0;
};

/// What one side does in a round.
struct Share {
  double& per_second;
  std::uint64_t events;
};

/// Both sides on new files, slice by slice; who comes first alternates.
template <class Run>
Result<double> run_pair(const Plan& plan, std::uint64_t slices, Share raw_share, std::uint64_t raw_group,
                        Share our_share, Run run) {
  auto raw = RawLoad::make(plan, raw_group);
  if (!raw) return tl::unexpected<Error>(raw.error());
  auto ours = make_ours(plan);
  if (!ours) return tl::unexpected<Error>(ours.error());
  Speed raw_speed;
  Speed our_speed;
  const std::uint64_t raw_events = std::max<std::uint64_t>(raw_share.events / slices, 1);
  const std::uint64_t our_events = std::max<std::uint64_t>(our_share.events / slices, 1);
  for (std::uint64_t half = 0; half < 2 * slices; ++half) {
    const bool raw_turn = half % 4 == 0 || half % 4 == 3;
    auto done = raw_turn ? raw_speed.take(raw_events, raw->run(raw_events))
                         : our_speed.take(our_events, run(*ours, our_events));
    if (!done) return tl::unexpected<Error>(done.error());
  }
  raw_share.per_second = raw_speed.per_second();
  our_share.per_second = our_speed.per_second();
  const double group_mean = ours->group_events_mean();
  if (auto done = ours->close(); !done) return tl::unexpected<Error>(done.error());
  return group_mean;
}

Result<Round> measure_round(const Plan& plan) {
  const std::uint64_t many = plan.events * kGroupedFactor;
  const auto waits = [](OutboxLoad& load, std::uint64_t events) { return load.run_synchronous(events, 1); };
  const auto wait = [](OutboxLoad& load, std::uint64_t events) {
    return load.run_synchronous(events, kThreads);
  };
  const auto goes_on = [](OutboxLoad& load, std::uint64_t events) { return load.run_asynchronous(events); };
  Round round;
  const auto single =
      run_pair(plan, kSlices, {round.raw_single, plan.events}, 1, {round.single, plan.events}, waits);
  if (!single) return tl::unexpected<Error>(single.error());
  const auto threads =
      run_pair(plan, kGroupedSlices, {round.raw_single_again, plan.events}, 1, {round.threads, many}, wait);
  if (!threads) return tl::unexpected<Error>(threads.error());
  const auto grouped =
      run_pair(plan, kGroupedSlices, {round.raw_grouped, many}, kGroup, {round.grouped, many}, goes_on);
  if (!grouped) return tl::unexpected<Error>(grouped.error());
  round.threads_group_mean = *threads;
  round.grouped_group_mean = *grouped;
  return round;
}

Result<Round> run_round(const Plan& plan, std::size_t number) {
  auto round = measure_round(plan);
  if (!round) return round;
  program::say(
      fmt::format("speed, round {} of {}: 1 per commit {:.0f} (raw {:.0f}), 16 threads {:.0f} (raw {:.0f}), "
                  "groups {:.0f} (raw {:.0f})",
                  number + 1, plan.rounds, round->single, round->raw_single, round->threads,
                  round->raw_single_again, round->grouped, round->raw_grouped));
  return round;
}

std::vector<double> column(const std::vector<Round>& rounds, double Round::*member) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(round.*member);
  return values;
}

/// `ours` over `raw`; the ratio is the median of what each round gives.
Figure speed_figure(const std::vector<Round>& rounds, double Round::*ours, double Round::*raw, double bar) {
  Figure figure{.unit = "events/s", .value_is = "ratio", .kind = BarKind::at_least, .bar = bar};
  figure.measured = median(column(rounds, ours));
  figure.ceiling = median(column(rounds, raw));
  std::vector<double> ratios;
  for (const Round& round : rounds) ratios.push_back(round.*ours / (round.*raw));
  figure.ratio = figure.value = median(ratios);
  return figure;
}

}  // namespace

Result<std::vector<Figure>> measure_speed(const Plan& plan) {
  std::vector<Round> rounds;
  for (std::size_t number = 0; number < plan.rounds; ++number) {
    auto round = run_round(plan, number);
    if (!round) return tl::unexpected<Error>(round.error());
    rounds.push_back(*round);
  }
  Figure single = speed_figure(rounds, &Round::single, &Round::raw_single, 0.90);
  single.id = "single";
  single.title = "1 event per commit, one thread";
  single.ceiling_is = "raw SQLite, 1 event per commit";
  Figure threads = speed_figure(rounds, &Round::threads, &Round::raw_single_again, 6);
  threads.id = "threads_16";
  threads.title = "16 threads, synchronous writes";
  threads.ceiling_is = "raw SQLite, 1 event per commit";
  threads.note = fmt::format("{:.1f} events per commit", median(column(rounds, &Round::threads_group_mean)));
  Figure grouped = speed_figure(rounds, &Round::grouped, &Round::raw_grouped, 0.60);
  grouped.id = "async_100";
  grouped.title = "asynchronous, groups of up to 100";
  grouped.ceiling_is = "raw SQLite, 100 events per commit";
  grouped.note = fmt::format("{:.1f} events per commit", median(column(rounds, &Round::grouped_group_mean)));
  return std::vector<Figure>{single, threads, grouped};
}

}  // namespace holdfast::bench
