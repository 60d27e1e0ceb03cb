// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/inbox.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "inbox/tables.hpp"
#include "wire/identity.hpp"

namespace holdfast::inbox {

/// The version of schema.sql. Two inboxes of different versions never write the same tables.
inline constexpr std::int64_t kSchemaVersion = 1;

/// Makes the tables when they are not there. To be called outside a transaction. `schema_newer`.
[[nodiscard]] Result<void> make_schema(sqlite3* db);

/// Decides what a message means and records it, in the transaction that the caller holds. The caller must
/// tell keep() or forget() how the transaction ended, because the ledger remembers the end of each stream.
class Ledger {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(sqlite3* db, const InboxOptions& options);

  /// At the beginning of a transaction: forgets what another connection may have changed.
  [[nodiscard]] Result<void> refresh();
  /// `now_s`: the wall clock, for foreign events. After `rejected` the transaction must be rolled back.
  [[nodiscard]] Result<ApplyOutcome> record(const CloudEvent& event, std::int64_t now_s);
  void keep() noexcept { rows_kept_ = rows_; }
  void forget() noexcept;

  [[nodiscard]] Result<std::vector<MissingRange>> missing(std::size_t ranges_max);
  [[nodiscard]] Result<std::vector<Rewind>> rewinds(std::size_t rewinds_max);
  [[nodiscard]] Result<std::size_t> sweep(std::int64_t older_than_s, std::size_t rows_max);
  /// Fills in what is in the tables now: rewinds, sources, interval_rows.
  [[nodiscard]] Result<void> count(InboxStatistics& statistics);

 private:
  /// The highest applied interval of a source in the epoch that was last seen of it. Seqs from its end on and
  /// below `quick_until` need no other row than this one.
  struct Tail {
    Stream stream;
    Interval interval;
    std::int64_t quick_until = 0;
  };
  static constexpr std::size_t kTailsMax = 1024;

  explicit Ledger(std::size_t intervals_max) : intervals_max_(intervals_max) {}
  [[nodiscard]] Result<ApplyOutcome> record_epoch(const CloudEvent& event);
  [[nodiscard]] Result<ApplyOutcome> record_gap(const CloudEvent& event);
  [[nodiscard]] Result<ApplyOutcome> record_foreign(const CloudEvent& event, std::int64_t now_s);
  [[nodiscard]] Result<ApplyOutcome> record_event(const std::string& source, const wire::StreamPosition& at);

  /// Nothing: the long way has to be gone.
  [[nodiscard]] Result<std::optional<Applied>> record_quickly(const std::string& source,
                                                              const wire::StreamPosition& at);
  /// Where a seq goes that was not seen before, and the declared range that it leaves.
  struct Entry {
    AppliedTable::Place place;
    std::optional<Declared> declared;
  };
  [[nodiscard]] Result<Entry> find_entry(Stream stream, std::int64_t seq);
  [[nodiscard]] Result<bool> has_room(Stream stream, const Entry& entry);
  [[nodiscard]] Result<void> enter(Stream stream, std::int64_t seq, const Entry& entry);
  [[nodiscard]] Result<void> remember_tail(const std::string& source, const wire::StreamPosition& at,
                                           SourceRow row);

  [[nodiscard]] Result<std::string> declare_range(Stream stream, const GapRecord& gap);
  [[nodiscard]] Result<std::string> declare_hull(Stream stream, const GapRecord& gap);
  /// No hull explains more seqs than are unknown in it: called when seqs of `range` became known.
  [[nodiscard]] Result<void> lower_hulls(Stream stream, const Interval& range);
  [[nodiscard]] Result<std::vector<Interval>> unknown_in(Stream stream, const Interval& range);
  [[nodiscard]] Result<bool> fits(Stream stream, std::size_t further_rows);
  /// The numbers of a stream, made when new; `why` is set when there are too many.
  struct Entrance {
    SourceRow row;
    std::string why;
  };
  [[nodiscard]] Result<Entrance> let_in(std::string_view source, std::string_view device_source,
                                        std::string_view lane, Epoch epoch);

  std::size_t intervals_max_;
  Tables tables_;
  Statement data_version_;
  std::int64_t version_seen_ = -1;
  std::int64_t rows_ = 0;
  std::int64_t rows_kept_ = 0;
  std::unordered_map<std::string, Tail> tails_;
};

}  // namespace holdfast::inbox
