// SPDX-License-Identifier: MIT
#include "bench/speed.hpp"

#include <fmt/format.h>

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

Result<double> run_raw(const Plan& plan, std::uint64_t events, std::uint64_t group) {
  const std::string path = plan.place / kRawFile;
  auto log = RawLog::make(path, plan.budget_bytes, "");
  if (!log) return tl::unexpected<Error>(log.error());
  std::uint64_t n = 1;
  for (; n <= kWarmUpEvents; ++n) {
    if (auto done = log->append(n, 1); !done) return tl::unexpected<Error>(done.error());
  }
  const auto since = std::chrono::steady_clock::now();
  for (const std::uint64_t end = n + events; n < end; n += group) {
    if (auto done = log->append(n, std::min(group, end - n)); !done)
      return tl::unexpected<Error>(done.error());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
  return static_cast<double>(events) / took.count();
}

template <class Run>
Result<double> run_ours(const Plan& plan, double* group_mean, Run run) {
  const std::string path = plan.place / kOurFile;
  Workplace::remove_database(path);
  StoreOptions options = measured_store(path, plan.budget_bytes);
  options.group_events_max = OutboxLoad::kGroupEvents;
  auto load = OutboxLoad::make(options, plan.platform);
  if (!load) return tl::unexpected<Error>(load.error());
  const Result<double> speed = run(*load);
  if (group_mean != nullptr) *group_mean = load->group_events_mean();
  if (auto closed = load->close(); !closed && speed) return tl::unexpected<Error>(closed.error());
  return speed;
}

/// Runs the one side, then the other; who comes first alternates, so that a machine that gets slower or faster
/// favours nobody.
template <class Raw, class Ours>
Result<void> run_pair(bool raw_first, double& raw_speed, Raw raw, double& our_speed, Ours ours) {
  const auto take = [](Result<double> speed, double& to) -> Result<void> {
    if (!speed) return tl::unexpected<Error>(speed.error());
    to = *speed;
    return {};
  };
  auto done = raw_first ? take(raw(), raw_speed) : take(ours(), our_speed);
  if (done) done = raw_first ? take(ours(), our_speed) : take(raw(), raw_speed);
  return done;
}

Result<Round> run_round(const Plan& plan, std::size_t number) {
  const std::uint64_t many = plan.events * kGroupedFactor;
  const bool raw_first = number % 2 == 0;
  const auto raw_single = [&] { return run_raw(plan, plan.events, 1); };
  Round round;
  auto done = run_pair(raw_first, round.raw_single, raw_single, round.single, [&] {
    return run_ours(plan, nullptr, [&](OutboxLoad& load) { return load.run_synchronous(plan.events, 1); });
  });
  if (done)
    done = run_pair(raw_first, round.raw_single_again, raw_single, round.threads, [&] {
      return run_ours(plan, &round.threads_group_mean,
                      [&](OutboxLoad& load) { return load.run_synchronous(many, kThreads); });
    });
  if (done)
    done = run_pair(
        raw_first, round.raw_grouped, [&] { return run_raw(plan, many, kGroup); }, round.grouped,
        [&] {
          return run_ours(plan, &round.grouped_group_mean,
                          [&](OutboxLoad& load) { return load.run_asynchronous(many); });
        });
  if (!done) return tl::unexpected<Error>(done.error());
  program::say(
      fmt::format("speed, round {} of {}: 1 per commit {:.0f} (raw {:.0f}), 16 threads {:.0f}, groups {:.0f} "
                  "(raw {:.0f})",
                  number + 1, plan.rounds, round.single, round.raw_single, round.threads, round.grouped,
                  round.raw_grouped));
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
