// SPDX-License-Identifier: MIT
#include "prove/growth/measure.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "bench/figure.hpp"
#include "bench/store_load.hpp"
#include "bench/workplace.hpp"

namespace holdfast::prove {
namespace {

using bench::StoreLoad;

constexpr std::uint64_t kWaiting = 100;  // a batch of the relay
constexpr std::uint64_t kBlock = 1'000;  // events of one write, for filling
constexpr std::size_t kFetches = 101;
constexpr std::size_t kCommits = 101;
constexpr std::size_t kPurgeStepsMax = 50;

/// Half of the budget for what is kept: a row takes some 220 bytes, and pressure must not come into it.
[[nodiscard]] StoreOptions store_of(const std::string& path, std::uint64_t rows) {
  StoreOptions options = bench::measured_store(path, (32ULL << 20U) + rows * 512);
  options.retention_bytes = options.budget_bytes / 2;
  return options;
}

template <typename Work>
[[nodiscard]] Result<double> timed_ms(const Work& work) {
  const auto since = std::chrono::steady_clock::now();
  const Result<void> done = work();
  const auto took = std::chrono::steady_clock::now() - since;
  if (!done) return tl::unexpected<Error>(done.error());
  return std::chrono::duration<double, std::milli>(took).count();
}

[[nodiscard]] Result<void> fill(StoreLoad& load, std::uint64_t rows) {
  for (std::uint64_t n = 0; n < rows; n += kBlock)
    if (auto done = load.write_block(std::min(kBlock, rows - n)); !done) return done;
  if (auto drained = load.drain(); !drained) return drained;
  if (static_cast<std::uint64_t>(load.lane().retained_events) < rows)
    return fail(ErrorCode::full, "fill the store", "not all rows are kept");
  return load.write_block(kWaiting);
}

[[nodiscard]] Result<double> fetch_ms(StoreLoad& load) {
  return timed_ms([&]() -> Result<void> {
    const auto fetched = load.fetch_first(kWaiting);
    if (!fetched) return tl::unexpected<Error>(fetched.error());
    if (*fetched != kWaiting) return fail(ErrorCode::corrupt, "fetch a batch", "it is not complete");
    return {};
  });
}

[[nodiscard]] Result<double> commit_ms(StoreLoad& load, std::uint64_t n) {
  const WriteBody body = [n](Transaction& transaction) { return bench::write_one(transaction, n); };
  auto took = timed_ms([&]() -> Result<void> {
    store::WriteJob job{.body = &body};
    (void)load.store().commit_group(std::span(&job, 1));
    if (!job.outcome) return tl::unexpected<Error>(job.outcome.error());
    return {};
  });
  load.store().checkpoint_if_due();
  return took;
}

template <typename Work>
[[nodiscard]] Result<double> median_ms(std::size_t times, const Work& work) {
  std::vector<double> all;
  for (std::size_t i = 0; i < times; ++i) {
    auto took = work(i);
    if (!took) return took;
    all.push_back(*took);
  }
  return bench::median(std::move(all));
}

/// In turns with what is measured, so that both meet the same disk.
class RawCommits {
 public:
  explicit RawCommits(bench::RawLog& log) : log_(log) {}
  [[nodiscard]] Result<void> take() {
    const auto took =
        timed_ms([&] { return log_.append(n_, 1, n_); });  // it keeps nothing, so it does not grow
    if (!took) return tl::unexpected<Error>(took.error());
    n_ += 1;
    all_.push_back(*took);
    return {};
  }
  [[nodiscard]] double median() const { return bench::median(all_); }

 private:
  bench::RawLog& log_;
  std::uint64_t n_ = 1;
  std::vector<double> all_;
};

[[nodiscard]] Result<void> measure_full(StoreLoad& load, bench::RawLog& raw, GrowthPoint& point) {
  // The fastest, as for the control: it only reads, and what else takes time is whoever has the processor meanwhile.
  point.fetch_ms = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < kFetches; ++i) {
    const auto fetch = fetch_ms(load);
    if (!fetch) return tl::unexpected<Error>(fetch.error());
    point.fetch_ms = std::min(point.fetch_ms, *fetch);
  }
  RawCommits raw_commits(raw);
  const auto commit = median_ms(kCommits, [&](std::size_t n) -> Result<double> {
    if (auto done = raw_commits.take(); !done) return tl::unexpected<Error>(done.error());
    return commit_ms(load, n);
  });
  if (!commit) return tl::unexpected<Error>(commit.error());
  point.commit_ms = *commit;
  point.raw_ms = raw_commits.median();
  return {};
}

/// One bounded step, as the runtime has it done. How many rows went; 0: none are left that may go.
[[nodiscard]] Result<std::uint64_t> purge_step(StoreLoad& load, GrowthPoint& point,
                                               std::vector<double>& per_1000_rows) {
  const std::int64_t before = load.lane().retained_events;
  const auto took = timed_ms([&]() -> Result<void> {
    const auto stored = load.store().store_settled(true);
    if (!stored) return tl::unexpected<Error>(stored.error());
    return {};
  });
  if (!took) return tl::unexpected<Error>(took.error());
  load.store().checkpoint_if_due();
  const auto purged = static_cast<std::uint64_t>(before - load.lane().retained_events);
  if (purged == 0) return purged;
  point.purged += purged;
  point.purge_step_rows_max = std::max(point.purge_step_rows_max, purged);
  point.purge_step_ms_max = std::max(point.purge_step_ms_max, *took);
  per_1000_rows.push_back(*took * 1'000 / static_cast<double>(purged));
  return purged;
}

/// What is kept goes step by step; between two steps there is a write.
[[nodiscard]] Result<void> measure_purge(StoreLoad& load, bench::RawLog& raw, GrowthPoint& point) {
  std::vector<double> per_1000_rows;
  std::vector<double> commits;
  RawCommits raw_commits(raw);
  for (std::size_t step = 0; step < kPurgeStepsMax; ++step) {
    const auto purged = purge_step(load, point, per_1000_rows);
    if (!purged) return tl::unexpected<Error>(purged.error());
    if (*purged == 0) break;
    if (auto done = raw_commits.take(); !done) return done;
    if (load.lane().retained_events == 0) break;  // a write would have nothing to take along
    const auto commit = commit_ms(load, step);
    if (!commit) return tl::unexpected<Error>(commit.error());
    commits.push_back(*commit);
  }
  point.purge_steps = per_1000_rows.size();
  if (per_1000_rows.empty()) return {};
  point.purge_ms = bench::median(std::move(per_1000_rows));
  point.raw_purging_ms = raw_commits.median();
  if (!commits.empty()) point.commit_purging_ms = bench::median(std::move(commits));
  return {};
}

template <typename Work>
[[nodiscard]] Result<void> with_store(const StoreOptions& options, PlatformView platform, const Work& work) {
  auto load = StoreLoad::open(options, platform);
  if (!load) return tl::unexpected<Error>(load.error());
  if (auto done = work(*load); !done) return done;
  return load->close();
}

}  // namespace

Result<GrowthPoint> measure_growth(const std::string& store_path, std::uint64_t rows, bench::RawLog& raw,
                                   PlatformView platform) {
  GrowthPoint point;
  point.rows = rows;
  bench::Workplace::remove_database(store_path);
  StoreOptions options = store_of(store_path, rows);
  Result<void> done = with_store(options, platform, [&](StoreLoad& load) {
    return fill(load, rows).and_then([&] { return measure_full(load, raw, point); });
  });
  options.retention_bytes = 0;  // from now on nothing is kept
  if (done)
    done = with_store(options, platform, [&](StoreLoad& load) { return measure_purge(load, raw, point); });
  bench::Workplace::remove_database(store_path);
  if (!done) return tl::unexpected<Error>(done.error());
  return point;
}

}  // namespace holdfast::prove
