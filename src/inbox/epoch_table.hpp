// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/records.hpp>
#include <string>
#include <string_view>

#include "inbox/rows.hpp"

namespace holdfast::inbox {

/// How an epoch is known; it only grows.
enum class Known : std::uint8_t {
  named = 0,      ///< as somebody's parent
  seen = 1,       ///< by an event or a gap record of it
  announced = 2,  ///< by its own record
};

namespace sql {

inline constexpr std::string_view kEpochFind =
    "SELECT state, parent FROM hf_in_epoch WHERE device = ?1 AND epoch = ?2";
inline constexpr std::string_view kEpochCount =
    "UPDATE hf_in_device SET epochs = epochs + 1 WHERE device = ?1 AND epochs < ?2 RETURNING epochs";
inline constexpr std::string_view kEpochInsert =
    "INSERT INTO hf_in_epoch (device, epoch, ordinal, state) VALUES (?1, ?2, ?3, ?4)";
inline constexpr std::string_view kEpochUpdate =
    "UPDATE hf_in_epoch SET state = ?3, parent = ?4 WHERE device = ?1 AND epoch = ?2";
// The oldest 64: an ordinary epoch has one child, and a hostile device shall not make every event read more.
inline constexpr std::string_view kEpochChildren =
    "SELECT epoch FROM hf_in_epoch WHERE device = ?1 AND parent = ?2 AND state = 2 ORDER BY ordinal LIMIT 64";
inline constexpr std::string_view kEpochRoots =
    "SELECT epoch FROM hf_in_epoch WHERE device = ?1 AND parent IS NULL AND state = 2 "
    "ORDER BY ordinal LIMIT 64";
inline constexpr std::string_view kEpochOthers =
    "SELECT 1 FROM hf_in_epoch WHERE device = ?1 AND epoch <> ?2 AND state > 0 LIMIT 1";

inline constexpr std::string_view kParentEndInsert =
    "INSERT INTO hf_in_parent_end (device, epoch, lane, last) VALUES (?1, ?2, ?3, ?4)";
inline constexpr std::string_view kParentEnd =
    "SELECT last FROM hf_in_parent_end WHERE device = ?1 AND epoch = ?2 AND lane = ?3";

}  // namespace sql

struct EpochRow {
  Known known = Known::named;
  std::optional<std::int64_t> parent;  ///< of an announced epoch; none: the first of a store
};

/// Where the children of an epoch say that a lane of it ended.
struct StatedEnds {
  std::vector<std::int64_t> children;
  std::vector<std::int64_t> ends;  ///< one per child
  [[nodiscard]] std::optional<std::int64_t> lowest() const;
  [[nodiscard]] std::optional<std::int64_t> highest() const;
};

/// hf_in_epoch and hf_in_parent_end: each device's history as far as it was told.
class EpochTable {
 public:
  /// Epochs of one device before further ones are refused: one opening a minute for two years.
  static constexpr std::int64_t kEpochsMax = 1'000'000;

  [[nodiscard]] Result<void> prepare(sqlite3* db);

  [[nodiscard]] Result<std::optional<EpochRow>> find(std::int64_t device, std::int64_t epoch);
  /// Makes the epoch known at least so well. False: the device has kEpochsMax already.
  [[nodiscard]] Result<bool> learn(std::int64_t device, std::int64_t epoch, Known known);
  /// Stores what a record says. learn() comes first.
  [[nodiscard]] Result<void> announce(std::int64_t device, const EpochRecord& record);

  /// The announced epochs that have this parent, the oldest 64, in the order in which they became known.
  [[nodiscard]] Result<std::vector<std::int64_t>> children(std::int64_t device,
                                                           std::optional<std::int64_t> parent);
  /// True when an event or record of another epoch of the device was seen.
  [[nodiscard]] Result<bool> knows_others(std::int64_t device, std::int64_t epoch);
  /// Where the parent of `child` ended in a lane, by the child's record: 0 when it does not list the lane.
  [[nodiscard]] Result<std::int64_t> parent_end(std::int64_t device, std::int64_t child,
                                                std::string_view lane);
  [[nodiscard]] Result<StatedEnds> stated_ends(std::int64_t device, std::int64_t epoch,
                                               std::string_view lane);

 private:
  [[nodiscard]] Result<void> update(std::int64_t device, std::int64_t epoch, Known known,
                                    std::optional<std::int64_t> parent);

  Statement find_;
  Statement count_;
  Statement insert_;
  Statement update_;
  Statement children_;
  Statement roots_;
  Statement others_;
  Statement insert_end_;
  Statement parent_end_;
};

}  // namespace holdfast::inbox
