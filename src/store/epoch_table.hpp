// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <holdfast/event.hpp>
#include <holdfast/records.hpp>
#include <holdfast/result.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time_anchor.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {

/// As SQLite holds it. Unlike its number in this store, it is never given to another one.
[[nodiscard]] constexpr std::int64_t as_integer(Epoch epoch) noexcept {
  return std::bit_cast<std::int64_t>(epoch.bits);
}
[[nodiscard]] constexpr Epoch as_epoch(std::int64_t integer) noexcept {
  return {std::bit_cast<std::uint64_t>(integer)};
}

/// An epoch and its number in this store.
struct NumberedEpoch {
  std::int64_t number = 0;
  Epoch epoch;
};

/// What is stored about an opening with the first event that it commits.
struct NewEpoch {
  Epoch epoch;
  std::string boot_id;
  std::string reason;
  std::string fingerprint;
  std::vector<LaneEnd> parent_ends;
  std::optional<base::TimeAnchor> anchor;
};

/// The newest epochs that are never forgotten. The newest is the parent of the next, and of the others a consumer may
/// still ask for the record, when a broker acknowledged it and lost it.
inline constexpr std::int64_t kEpochsKept = 16;

/// hf_boot, hf_epoch and hf_epoch_end: which openings there were, and in which boots. A bounded number is
/// kept: an older acknowledged epoch that no row refers to is forgotten here (the consumer never forgets it).
class EpochTable {
 public:
  [[nodiscard]] static Result<EpochTable> open(Connection& connection);

  /// The newest epoch; nullopt in a new store.
  [[nodiscard]] std::optional<NumberedEpoch> newest() const;
  /// Of the hardware that the newest epoch ran on; empty: unknown.
  [[nodiscard]] const std::string& newest_fingerprint() const noexcept { return newest_fingerprint_; }
  /// nullopt: unknown, which means damage.
  [[nodiscard]] std::optional<Epoch> find(std::int64_t number) const;
  [[nodiscard]] std::optional<base::TimeAnchor> anchor_of(std::int64_t boot) const;
  /// The number of this boot, if it has committed something.
  [[nodiscard]] std::optional<std::int64_t> boot_number(const std::string& boot_id) const;

  /// Stores epoch and boot, inside the caller's transaction; if that is rolled back, call reload().
  [[nodiscard]] Result<NumberedEpoch> store(const NewEpoch& epoch);
  [[nodiscard]] Result<void> set_anchor(std::int64_t boot, const base::TimeAnchor& anchor);
  [[nodiscard]] Result<void> reload();

  /// Seqs of a lane that were committed in one epoch.
  struct Run {
    Epoch epoch;
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
  };
  /// first..last of a lane by epochs, the newest first, as far as they are known: by where each one's parent ended.
  [[nodiscard]] Result<std::vector<Run>> runs(std::string_view lane, std::int64_t first_seq,
                                              std::int64_t last_seq);

  /// Where an epoch began in a lane.
  struct Begin {
    std::int64_t number = 0;
    std::int64_t first_seq = 0;
  };
  /// nullopt: the epoch is not known, or not any more.
  [[nodiscard]] Result<std::optional<Begin>> begin_of(Epoch epoch, std::string_view lane);

  /// The oldest ones.
  [[nodiscard]] Result<std::vector<EpochRecord>> unacknowledged(std::size_t records_max);
  /// Of one epoch; nothing when it is not known any more.
  [[nodiscard]] Result<std::optional<EpochRecord>> record_of(std::int64_t number);
  /// Nothing when it is not known (any more).
  [[nodiscard]] Result<void> acknowledge(Epoch epoch);
  /// Forgets acknowledged epochs below `number`, which must be in use by no row, and the boots that no epoch
  /// names.
  [[nodiscard]] Result<void> prune_below(std::int64_t number);

 private:
  struct Boot {
    std::string id;
    std::optional<base::TimeAnchor> anchor;
  };
  Result<std::int64_t> store_boot(const NewEpoch& epoch);
  Result<std::vector<LaneEnd>> ends_of(std::int64_t number);
  Result<std::int64_t> parent_end_of(std::int64_t number, std::string_view lane);
  Result<std::vector<EpochRecord>> records_of(Statement& rows);

  std::map<std::int64_t, Epoch> epochs_;
  std::map<std::int64_t, Boot> boots_;
  std::string newest_fingerprint_;
  Statement list_epochs_;
  Statement list_boots_;
  Statement add_boot_;
  Statement set_anchor_;
  Statement add_epoch_;
  Statement add_end_;
  Statement unacknowledged_;
  Statement record_;
  Statement ends_;
  Statement end_of_;
  Statement acknowledge_;
  Statement prune_;
  Statement prune_ends_;
  Statement prune_boots_;
};

}  // namespace holdfast::store
