// SPDX-License-Identifier: MIT
#include "bench/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/heap.hpp"
#include "bench/load.hpp"
#include "bench/store_load.hpp"
#include "program/talk.hpp"

namespace holdfast::bench {
namespace {

constexpr std::uint64_t kSmall = 1'000;
constexpr std::size_t kBatch = 100;
constexpr std::uint64_t kBlock = 1'000;  // events of one write, for filling
constexpr double kHeapGrowthMax = 1024 * 1024;

[[nodiscard]] double ms_since(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

StoreOptions large_store(const Plan& plan) {
  return measured_store(plan.place / kOurFile, plan.large_budget_bytes);
}
StoreOptions small_store(const Plan& plan) {
  return measured_store(plan.place / kSmallFile, plan.large_budget_bytes);
}
/// Settled rows are kept, as many as there are.
StoreOptions retaining(StoreOptions options) {
  options.retention_bytes = options.budget_bytes / 2;
  return options;
}

Result<void> fill(StoreLoad& load, std::uint64_t events, bool tell = false) {
  for (std::uint64_t n = 0; n < events; n += kBlock) {
    if (auto done = load.write_block(std::min(kBlock, events - n)); !done) return done;
    if (tell && n % 100'000 == 0) program::say(fmt::format("backlog: {} of {} events", n, events));
  }
  return {};
}

Result<StoreLoad> make(const Plan& plan, const StoreOptions& options) {
  Workplace::remove_database(options.path);
  return StoreLoad::open(options, plan.platform);
}

Figure heap_figure(std::optional<std::uint64_t> opened, std::optional<std::uint64_t> before,
                   std::optional<std::uint64_t> after, const Plan& plan) {
  Figure figure{
      .id = "heap_growth",
      .title = fmt::format("heap, backlog from 0 to {}", plan.large),
      .unit = "B",
      .measured = static_cast<double>(after.value_or(0)),
      .ceiling = static_cast<double>(before.value_or(0)),
      .ceiling_is = fmt::format("the same process with a backlog of 0, after {} events came and went",
                                plan.heap_warm_up_events),
      .value_is = "B more",
      .kind = BarKind::at_most,
      .bar = kHeapGrowthMax};
  figure.sound = before.has_value() && after.has_value();
  figure.note = figure.sound ? fmt::format("mallinfo2: uordblks + hblkhd; just opened {}", opened.value_or(0))
                             : "this build's allocator tells nothing";
  figure.value = std::max(figure.measured - figure.ceiling, 0.0);
  figure.ratio = figure.sound ? figure.measured / figure.ceiling : 0;
  return figure;
}

// Leaves the large store filled and closed.
Result<Figure> measure_heap(const Plan& plan) {
  program::say(fmt::format("making a store of {} MiB", plan.large_budget_bytes >> 20U));
  auto load = make(plan, large_store(plan));
  if (!load) return tl::unexpected<Error>(load.error());
  const auto opened = heap_in_use_bytes();
  auto done = fill(*load, plan.heap_warm_up_events);
  if (done) done = load->drain();
  if (!done) return tl::unexpected<Error>(done.error());
  const auto before = heap_in_use_bytes();
  done = fill(*load, plan.large, true);
  if (!done) return tl::unexpected<Error>(done.error());
  const auto after = heap_in_use_bytes();
  done = load->turn_wal();
  if (done) done = load->close();
  if (!done) return tl::unexpected<Error>(done.error());
  return heap_figure(opened, before, after, plan);
}

/// Of the rounds, what the large store took and what the small one took.
struct Pairs {
  std::vector<double> large;
  std::vector<double> small;
};

void compare(const Pairs& pairs, Figure& figure) {
  figure.measured = median(pairs.large);
  figure.ceiling = median(pairs.small);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < pairs.large.size(); ++i) ratios.push_back(pairs.large[i] / pairs.small[i]);
  figure.ratio = figure.value = median(ratios);
}

Result<double> open_once(const Plan& plan, const StoreOptions& options) {
  const auto since = std::chrono::steady_clock::now();
  auto load = StoreLoad::open(options, plan.platform);
  if (!load) return tl::unexpected<Error>(load.error());
  const auto fetched = load->fetch_first(kBatch);
  const double took = ms_since(since);
  if (!fetched) return tl::unexpected<Error>(fetched.error());
  if (*fetched != kBatch) return fail(ErrorCode::corrupt, "fetch the first batch", "it is not complete");
  if (auto done = load->close(); !done) return tl::unexpected<Error>(done.error());
  return took;
}

Result<void> open_round(const Plan& plan, Pairs& pairs) {
  Pairs round;
  for (std::size_t i = 0; i < plan.openings; ++i) {
    const auto large = open_once(plan, large_store(plan));
    if (!large) return tl::unexpected<Error>(large.error());
    const auto small = open_once(plan, small_store(plan));
    if (!small) return tl::unexpected<Error>(small.error());
    round.large.push_back(*large);
    round.small.push_back(*small);
  }
  pairs.large.push_back(median(round.large));
  pairs.small.push_back(median(round.small));
  return {};
}

// Needs the large store; makes the small one.
Result<Figure> measure_open(const Plan& plan) {
  auto small = make(plan, small_store(plan));
  if (!small) return tl::unexpected<Error>(small.error());
  auto done = fill(*small, kSmall);
  if (done) done = small->turn_wal();
  if (done) done = small->close();
  if (!done) return tl::unexpected<Error>(done.error());
  Pairs pairs;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    if (done = open_round(plan, pairs); !done) return tl::unexpected<Error>(done.error());
  }
  Figure figure{.id = "open_first_batch",
                .title = fmt::format("open and first batch of 100, backlog {}", plan.large),
                .unit = "ms",
                .ceiling_is = "with a backlog of 1,000",
                .value_is = "ratio",
                .kind = BarKind::at_most,
                .bar = 1.5};
  compare(pairs, figure);
  program::say(
      fmt::format("open and first batch: {:.2f} ms (1,000: {:.2f})", figure.measured, figure.ceiling));
  return figure;
}

/// All that waits becomes settled and retained; then a batch of events that wait comes behind it.
Result<StoreLoad> settle_all(const Plan& plan, const StoreOptions& options) {
  auto load = StoreLoad::open(retaining(options), plan.platform);
  if (!load) return load;
  auto done = load->drain();
  if (done) done = load->write_block(kBatch);
  if (!done) return tl::unexpected<Error>(done.error());
  return load;
}

Result<double> fetch_once(StoreLoad& load) {
  const auto since = std::chrono::steady_clock::now();
  const auto fetched = load.fetch_first(kBatch);
  const double took = ms_since(since);
  if (!fetched) return tl::unexpected<Error>(fetched.error());
  if (*fetched != kBatch) return fail(ErrorCode::corrupt, "fetch 100 rows", "they are not all there");
  return took;
}

Result<void> fetch_round(const Plan& plan, StoreLoad& large, StoreLoad& small, Pairs& pairs) {
  Pairs round;
  for (std::size_t i = 0; i < plan.fetches; ++i) {
    const auto of_large = fetch_once(large);
    if (!of_large) return tl::unexpected<Error>(of_large.error());
    const auto of_small = fetch_once(small);
    if (!of_small) return tl::unexpected<Error>(of_small.error());
    round.large.push_back(*of_large);
    round.small.push_back(*of_small);
  }
  pairs.large.push_back(median(round.large));
  pairs.small.push_back(median(round.small));
  return {};
}

Result<Figure> measure_fetch(const Plan& plan) {
  program::say(fmt::format("acknowledging {} events", plan.large));
  auto large = settle_all(plan, large_store(plan));
  if (!large) return tl::unexpected<Error>(large.error());
  auto small = settle_all(plan, small_store(plan));
  if (!small) return tl::unexpected<Error>(small.error());
  Pairs pairs;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    if (auto done = fetch_round(plan, *large, *small, pairs); !done)
      return tl::unexpected<Error>(done.error());
  }
  Figure figure{.id = "fetch_100",
                .title = fmt::format("fetch of 100 rows, {} settled and retained", plan.large),
                .unit = "ms",
                .ceiling_is = "with 1,000 settled and retained",
                .value_is = "ratio",
                .kind = BarKind::at_most,
                .bar = 1.3};
  compare(pairs, figure);
  const auto retained = static_cast<std::uint64_t>(large->lane().retained_events);
  figure.sound = retained >= plan.large;
  figure.note = fmt::format("{} rows retained", retained);
  program::say(fmt::format("fetch of 100: {:.3f} ms (1,000: {:.3f}), {}", figure.measured, figure.ceiling,
                           figure.note));
  for (StoreLoad* load : {&*large, &*small}) {
    if (auto done = load->close(); !done) return tl::unexpected<Error>(done.error());
  }
  return figure;
}

}  // namespace

Result<std::vector<Figure>> measure_scale(const Plan& plan) {
  auto heap = measure_heap(plan);
  if (!heap) return tl::unexpected<Error>(heap.error());
  auto open = measure_open(plan);
  if (!open) return tl::unexpected<Error>(open.error());
  auto fetch = measure_fetch(plan);
  if (!fetch) return tl::unexpected<Error>(fetch.error());
  return std::vector<Figure>{*open, *fetch, *heap};
}

}  // namespace holdfast::bench
