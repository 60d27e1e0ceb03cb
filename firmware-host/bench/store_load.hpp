// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "bench/load.hpp"
#include "store/store.hpp"

namespace holdfast::bench {

/// The body of every write that is measured: the state of event n's key, and event n.
[[nodiscard]] Result<void> write_one(Transaction& transaction, std::uint64_t n);

/// Our side without threads and without a relay: the store itself, driven as the runtime and the relay drive
/// it.
class StoreLoad {
 public:
  /// Errors as Outbox::open.
  [[nodiscard]] static Result<StoreLoad> open(const StoreOptions& options, PlatformView platform);

  /// One commit of `callers` writes of one event each, then what the runtime does between two groups.
  [[nodiscard]] Result<void> write(std::uint64_t callers);
  /// One write of `events` events, for filling.
  [[nodiscard]] Result<void> write_block(std::uint64_t events);
  /// Acknowledges what is older than the newest `lag` events, as a relay would report it.
  [[nodiscard]] Result<void> acknowledge(std::uint64_t lag);
  /// Acknowledges everything and stores that; purges what is not retained.
  [[nodiscard]] Result<void> drain();
  /// Moves the WAL into the database and leaves a few pages in the new one, by state alone. How long an
  /// opening takes depends on how full the WAL was left (it is bounded by the checkpoint mark); two stores
  /// that are to be compared are left alike.
  [[nodiscard]] Result<void> turn_wal();
  /// The first `events` that are not settled.
  [[nodiscard]] Result<std::size_t> fetch_first(std::size_t events);
  [[nodiscard]] Result<void> close();

  [[nodiscard]] LaneStatistics lane();
  [[nodiscard]] store::Store& store() noexcept { return *store_; }

 private:
  explicit StoreLoad(std::unique_ptr<store::Store> store);
  [[nodiscard]] Result<void> commit(std::span<store::WriteJob> jobs);
  [[nodiscard]] Result<void> fetch_more();

  std::unique_ptr<store::Store> store_;
  store::LaneNumber lane_ = 0;
  std::int64_t committed_ = 0;  ///< seq
  std::int64_t fetched_ = 0;    ///< handed out up to this seq
  std::int64_t settled_ = 0;
};

}  // namespace holdfast::bench
