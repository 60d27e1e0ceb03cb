// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/cloud_event.hpp>
#include <holdfast/event.hpp>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>

struct sqlite3;

namespace holdfast {

struct InboxOptions {
  /// The inbox's own database file; its directory must exist. The application may keep its tables in it too.
  std::string path;
  bool create = true;
  /// Intervals (applied and declared together) of one (source, epoch) that are kept before further events out
  /// of order are refused: the bound against hostile sequence numbers. Default 10,000.
  std::size_t intervals_max = 10'000;
  /// Sources that are known before further ones are refused. Default 100,000.
  std::size_t sources_max = 100'000;
  /// How long the id of a foreign event (no sequence) is remembered, by the consumer's wall clock. Default 7
  /// days. Shorter than the longest redelivery: an event is applied twice. Longer: more rows.
  std::chrono::seconds foreign_retention{7 * 24 * 3600};
  std::string vfs;  ///< SQLite VFS name; empty: the default
};

enum class Applied : std::uint8_t {
  applied,    ///< the effect is committed now, once
  duplicate,  ///< it was before; the effect did not run
  declared,   ///< a gap record: its seqs are explained (or were already)
  announced,  ///< an epoch record
  rejected,   ///< not to be applied ever: malformed, hostile, out of bounds. `why` says it
};
[[nodiscard]] std::string_view to_string(Applied outcome) noexcept;

struct ApplyOutcome {
  Applied outcome = Applied::rejected;
  std::string why;  ///< for `rejected`, one line
  std::optional<std::string>
      rewind;  ///< set when this message showed a rewind: what was seen, for an operator
};

/// The application's effect. It runs in the transaction that records the event: write through `db` and both
/// are committed, or neither is. Transaction control, ATTACH, PRAGMA and tables named hf_* are denied. An
/// error rolls back; the event is then not applied and apply() returns that error.
using Effect = std::function<Result<void>(const CloudEvent&, sqlite3* db)>;

/// first..last of one (source, epoch), neither applied nor declared. `unknown_seqs`: a sparse gap record
/// explained fewer than the hull; `count` of first..last are missing, which ones is not known.
struct MissingRange {
  std::string source;
  Epoch epoch;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t count = 0;
  bool unknown_seqs = false;
};

/// A store went back in time: restored backup, clone, or a card that lied.
struct Rewind {
  std::string device_source;  ///< urn:holdfast:<device>
  Epoch epoch;                ///< the epoch whose parent does not fit
  std::string what;
};

struct InboxStatistics {
  std::uint64_t applied = 0;  ///< since the opening
  std::uint64_t duplicates = 0;
  std::uint64_t declared = 0;
  std::uint64_t rejected = 0;
  std::uint64_t rewinds = 0;            ///< ever reported in this database; the newest 1,000 are listed
  std::uint64_t sources = 0;            ///< known now
  std::uint64_t interval_rows = 0;      ///< rows that remember what was applied or declared, now
  std::uint64_t checkpoint_errors = 0;  ///< of the inbox's own file, since the opening; each is tried again
};

/// The consumer's memory: applies each event once. One thread at a time. Durable: when apply() returns
/// success, the effect and the record survive power loss.
class Inbox {
 public:
  /// Its own file. Errors as Outbox::open.
  [[nodiscard]] static Result<std::unique_ptr<Inbox>> open(const InboxOptions& options,
                                                           PlatformView platform);
  /// In the application's database: tables hf_in_* are made there. The connection must be in no transaction
  /// when a member is called, must outlive the inbox, and its durability settings are the application's; the
  /// inbox sets cache_spill=OFF on it (src/inbox/README.md says why). options.path is ignored.
  [[nodiscard]] static Result<std::unique_ptr<Inbox>> attach(sqlite3* db, const InboxOptions& options,
                                                             PlatformView platform);

  /// Runs `effect` unless the event is known, and records it, in one transaction. Errors (nothing stored):
  /// what `effect` returned, `full`, `disk_full`, `io_error`, `busy`, `outcome_unknown` (apply it again).
  [[nodiscard]] Result<ApplyOutcome> apply(const CloudEvent& event, const Effect& effect);

  /// At most `ranges_max` missing ranges, by source, epoch, first.
  [[nodiscard]] Result<std::vector<MissingRange>> missing(std::size_t ranges_max = 1000) const;
  [[nodiscard]] Result<std::vector<Rewind>> rewinds(std::size_t rewinds_max = 1000) const;
  /// Forgets foreign ids older than foreign_retention, at most `rows_max`; returns how many.
  [[nodiscard]] Result<std::size_t> sweep(std::size_t rows_max = 1000);
  [[nodiscard]] InboxStatistics statistics() const;

  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  class Impl;

 private:
  explicit Inbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
