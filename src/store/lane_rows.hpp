// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/event.hpp>
#include <holdfast/result.hpp>
#include <holdfast/time.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/sqlite.hpp"
#include "store/stored_event.hpp"
#include "store/text_table.hpp"

namespace holdfast::store {

/// When a row was committed: the number of its boot, and the powered time of that boot.
struct Committed {
  std::int64_t boot = 0;
  Instant since_boot;
};

/// An event about to become a row.
struct NewRow {
  std::int64_t seq = 0;
  std::int64_t epoch_number = 0;  ///< hf_epoch.n
  Epoch epoch;
  Committed committed;
  std::string_view topic;
  std::int64_t total_bytes = 0;
  const Event* event = nullptr;
};

/// A row as read; `event.epoch`, `anchor` and `of_this_boot` are filled in by the caller, who knows epochs
/// and boots.
struct ReadRow {
  StoredEvent event;
  std::int64_t epoch_number = 0;
  std::int64_t boot = 0;
  std::int64_t crc = 0;
  bool readable = true;  ///< false: it refers to a text that is not there
};

/// A row with its columns as they are stored, to be put back as it was: same seq, same checksum. An interned
/// text stays the id that it is.
struct RawRow {
  using Text = std::variant<std::int64_t, std::string>;
  std::int64_t seq = 0;
  std::int64_t epoch_number = 0;
  std::int64_t boot = 0;
  std::int64_t since_boot_ns = 0;
  std::string key;
  Text type;
  Text topic;
  Text content_type;
  std::string attributes;
  std::optional<std::int64_t> ttl_s;
  std::int64_t total_bytes = 0;
  std::int64_t crc = 0;
  std::vector<std::byte> data;
  friend bool operator==(const RawRow&, const RawRow&) = default;
};

/// Rows of one epoch that follow each other; there may be holes between them.
struct EpochRun {
  std::int64_t epoch_number = 0;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  ///< of data
  friend bool operator==(const EpochRun&, const EpochRun&) = default;
};

/// The attributes in a row's column; what does not read is left out, and the row's checksum tells.
[[nodiscard]] std::vector<Attribute> attributes_of(std::string_view text);

/// The columns of a row that hold an event, in the order of read_event().
#define HF_EVENT_COLUMNS                                                                                   \
  "seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, total_bytes, crc, " \
  "data"
/// The event of a statement that selects HF_EVENT_COLUMNS first.
[[nodiscard]] Result<ReadRow> read_event(const Statement& row, LaneNumber lane, TextTable& texts);

/// Whether the event is what was written with this `crc`: CRC-32C over what identifies and makes it up, and its lane.
[[nodiscard]] bool crc_fits(const StoredEvent& event, std::int64_t crc);

/// hf_lane_<n>: the rows of one lane. rowid = seq, append-only, purged from the old end in ranges.
class LaneRows {
 public:
  [[nodiscard]] static Result<void> create(Connection& connection, LaneNumber lane);
  [[nodiscard]] static Result<LaneRows> open(Connection& connection, LaneNumber lane);
  /// Drops the table, if it is there. No LaneRows of the lane may be left.
  [[nodiscard]] static Result<void> drop(Connection& connection, LaneNumber lane);

  [[nodiscard]] Result<void> append(const NewRow& row, TextTable& texts);
  /// Rows above `after_seq`, ascending; `take` says of each whether to go on. The scan ends on false.
  template <class Take>
  [[nodiscard]] Result<void> scan(std::int64_t after_seq, std::size_t rows_max, TextTable& texts, Take take) {
    const ResetGuard guard(scan_);
    scan_.bind(1, after_seq).bind(2, static_cast<std::int64_t>(rows_max));
    for (;;) {
      const auto stepped = scan_.step();
      if (!stepped) return tl::unexpected<Error>(stepped.error());
      if (*stepped == Step::done) return {};
      auto row = read_event(scan_, lane_, texts);
      if (!row) return tl::unexpected<Error>(row.error());
      if (!take(std::move(*row))) return {};
    }
  }
  /// The lowest and highest seq that has a row; nullopt when there is none.
  [[nodiscard]] Result<std::optional<std::int64_t>> lowest();
  [[nodiscard]] Result<std::optional<std::int64_t>> highest();
  /// The epoch number of the row, nullopt when there is no such row.
  [[nodiscard]] Result<std::optional<std::int64_t>> epoch_of(std::int64_t seq);
  /// The running total of the highest row at or below seq; nullopt when there is none.
  [[nodiscard]] Result<std::optional<std::int64_t>> total_bytes_at(std::int64_t seq);
  /// The running total below the lowest row above `seq`: what the rows up to `seq` come to, also when there
  /// are holes. nullopt when no row is above.
  [[nodiscard]] Result<std::optional<std::int64_t>> total_bytes_below_next(std::int64_t seq);
  /// When the lowest row above `after_seq` was committed.
  [[nodiscard]] Result<std::optional<Committed>> committed_after(std::int64_t after_seq);
  /// The highest seq of from..to whose running total is at most `total_bytes`: how far a range may go that is
  /// bounded in bytes. nullopt when there is none. Looks at the first limits::kPurgeRowsMax rows only.
  [[nodiscard]] Result<std::optional<std::int64_t>> seq_at_bytes(std::int64_t from_seq, std::int64_t to_seq,
                                                                 std::int64_t total_bytes);
  /// The highest seq of from..to that was committed in another boot, or in this one at `until` or before.
  /// nullopt when there is none. Looks at every row of the range, which the caller bounds.
  [[nodiscard]] Result<std::optional<std::int64_t>> seq_committed_until(std::int64_t from_seq,
                                                                        std::int64_t to_seq,
                                                                        const Committed& until);
  /// What from..to holds, epoch by epoch: a gap record speaks of one epoch. Looks at the first
  /// limits::kPurgeRowsMax rows only.
  [[nodiscard]] Result<std::vector<EpochRun>> epoch_runs(std::int64_t from_seq, std::int64_t to_seq);
  /// Rows above `after_seq`, ascending, at most `rows_max`. At least one, if there is one; the next only when
  /// key, attributes and data of all come to at most `bytes_max`.
  [[nodiscard]] Result<std::vector<RawRow>> read_block(std::int64_t after_seq, std::size_t rows_max,
                                                       std::size_t bytes_max);
  /// Inserts a row of read_block() again, after it was erased. Pages are freed when a block is erased whole
  /// and what stays is put back in ascending order: it is then packed anew.
  [[nodiscard]] Result<void> put_back(const RawRow& row);
  /// Deletes rows from..to, both included; the caller bounds the range (limits::kPurgeRowsMax).
  [[nodiscard]] Result<void> erase(std::int64_t from_seq, std::int64_t to_seq);

 private:
  [[nodiscard]] RawRow raw_row() const;
  LaneNumber lane_ = 0;
  Statement append_;
  Statement scan_;
  Statement lowest_;
  Statement highest_;
  Statement epoch_of_;
  Statement total_bytes_at_;
  Statement total_bytes_below_next_;
  Statement committed_after_;
  Statement seq_committed_until_;
  Statement outline_;
  Statement erase_;
};

}  // namespace holdfast::store
