// SPDX-License-Identifier: MIT
#include "bench/store_load.hpp"

#include <string>
#include <vector>

#include "bench/workplace.hpp"

namespace holdfast::bench {
namespace {

const std::string& payload() {
  static const std::string kPayload(kPayloadBytes, 'x');
  return kPayload;
}

}  // namespace

Result<void> write_one(Transaction& transaction, std::uint64_t n) {
  const std::string_view key = key_of(n);
  const std::string_view data = payload();
  const auto put = transaction.put(key, bytes_of(data.substr(0, kStateBytes)));
  if (!put) return tl::unexpected<Error>(put.error());
  const auto added = transaction.add({.lane = kLane,
                                      .key = key,
                                      .type = "dev.holdfast.bench.v1",
                                      .content_type = "application/octet-stream",
                                      .data = bytes_of(data)});
  if (!added) return tl::unexpected<Error>(added.error());
  return {};
}

Result<StoreLoad> StoreLoad::open(const StoreOptions& options, PlatformView platform) {
  auto store = store::Store::open(options, platform);
  if (!store) return tl::unexpected<Error>(store.error());
  return StoreLoad(std::move(*store));
}

StoreLoad::StoreLoad(std::unique_ptr<store::Store> store) : store_(std::move(store)) {
  const store::Watermark mark = store_->watermarks().front();
  lane_ = mark.lane;
  committed_ = mark.committed_seq;
  fetched_ = settled_ = mark.settled_seq;
}

Result<void> StoreLoad::commit(std::span<store::WriteJob> jobs) {
  for (std::size_t done = 0; done < jobs.size();) done += store_->commit_group(jobs.subspan(done));
  for (const store::WriteJob& job : jobs) {
    if (!job.outcome) return tl::unexpected<Error>(job.outcome.error());
    committed_ += static_cast<std::int64_t>(job.outcome->events.size());
  }
  if (auto stored = store_->store_settled(false); !stored) return tl::unexpected<Error>(stored.error());
  store_->checkpoint_if_due();
  return {};
}

Result<void> StoreLoad::write(std::uint64_t callers) {
  std::uint64_t n = static_cast<std::uint64_t>(committed_);
  std::vector<WriteBody> bodies;
  for (std::uint64_t i = 0; i < callers; ++i) {
    bodies.emplace_back([n = ++n](Transaction& t) { return write_one(t, n); });
  }
  std::vector<store::WriteJob> jobs;
  for (const WriteBody& body : bodies) jobs.push_back({.body = &body});
  return commit(jobs);
}

Result<void> StoreLoad::write_block(std::uint64_t events) {
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    auto n = static_cast<std::uint64_t>(committed_);
    for (std::uint64_t i = 0; i < events; ++i) {
      if (auto done = write_one(t, ++n); !done) return done;
    }
    return {};
  };
  store::WriteJob job{.body = &body};
  return commit(std::span(&job, 1));
}

Result<void> StoreLoad::fetch_more() {
  auto fetched = store_->fetch({lane_, fetched_, limits::kFetchEventsMax, limits::kFetchBytesMax});
  if (!fetched) return tl::unexpected<Error>(fetched.error());
  if (fetched->end_seq == fetched_)
    return fail(ErrorCode::corrupt, "fetch events", "events that are committed are not there");
  fetched_ = fetched->end_seq;
  return {};
}

Result<void> StoreLoad::acknowledge(std::uint64_t lag) {
  while (settled_ + static_cast<std::int64_t>(lag) < committed_) {
    if (fetched_ == settled_) {
      if (auto done = fetch_more(); !done) return done;
    }
    store_->settle(lane_, ++settled_);
  }
  return {};
}

Result<void> StoreLoad::drain() {
  constexpr std::int64_t kStep = 512;  // as the relay's rides: the span above the cursor is bounded
  while (settled_ < committed_) {
    const std::int64_t left = committed_ - settled_;
    const auto lag = static_cast<std::uint64_t>(std::max<std::int64_t>(left - kStep, 0));
    if (auto done = acknowledge(lag); !done) return done;
    if (auto stored = store_->store_settled(true); !stored) return tl::unexpected<Error>(stored.error());
    store_->checkpoint_if_due();
  }
  std::size_t before = SIZE_MAX;  // what does not get less any more is not due: retained
  for (;;) {
    const auto waiting = store_->store_settled(true);
    if (!waiting) return tl::unexpected<Error>(waiting.error());
    store_->checkpoint_if_due();
    if (*waiting == 0 || *waiting >= before) return {};
    before = *waiting;
  }
}

Result<void> StoreLoad::turn_wal() {
  constexpr int kPutsMax = 32;  // of 64 pages: twice the checkpoint mark
  constexpr std::string_view kKey = "bench/wal";
  const std::string value(256 * 1024, 'w');
  const auto run = [&](const WriteBody& body) {
    store::WriteJob job{.body = &body};
    return commit(std::span(&job, 1));
  };
  const std::uint64_t before = store_->statistics().checkpoints;
  for (int i = 0; i < kPutsMax && store_->statistics().checkpoints == before; ++i) {
    auto done = run([&](Transaction& t) -> Result<void> {
      const auto put = t.put(kKey, bytes_of(value));
      return put ? Result<void>() : tl::unexpected<Error>(put.error());
    });
    if (!done) return done;
  }
  return run([&](Transaction& t) -> Result<void> {
    const auto erased = t.erase(kKey);
    return erased ? Result<void>() : tl::unexpected<Error>(erased.error());
  });
}

Result<std::size_t> StoreLoad::fetch_first(std::size_t events) {
  const auto fetched = store_->fetch({lane_, 0, events, limits::kFetchBytesMax});
  if (!fetched) return tl::unexpected<Error>(fetched.error());
  return fetched->events.size();
}

Result<void> StoreLoad::close() {
  auto done = store_->close();
  store_.reset();
  return done;
}

LaneStatistics StoreLoad::lane() { return store_->lane_statistics().front(); }

}  // namespace holdfast::bench
