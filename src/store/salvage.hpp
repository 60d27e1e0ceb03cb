// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite.hpp"
#include "store/stored_event.hpp"

/// What is left of a damaged store: reading it, and making a new one from it. set_aside.hpp has the files.
namespace holdfast::store {

/// A gap record of the new store.
struct SalvagedGap {
  std::int64_t n = 0;  ///< of the damaged store; 0: declared by the salvage
  std::int64_t epoch_number = 0;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  std::int64_t missing = 0;  ///< fewer than the range has: a sparse hull
  std::int64_t bytes = 0;    ///< 0 when that cannot be told
  std::string reason;
  bool acknowledged = false;
};

/// Keys `first` to `last` of a table can be walked without meeting a damaged page.
struct KeySpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// A lane as it will be in the new store.
struct SalvagedLane {
  LaneNumber lane = 0;
  std::string name;
  /// The other columns of hf_lane by name, as far as they could be read.
  std::map<std::string, std::int64_t> settings;
  std::int64_t cursor = 0;  ///< 0 when it could not be read, or does not fit the rows
  std::int64_t cursor_bytes = 0;
  bool cursor_known = false;
  bool retired = false;          ///< it has no table
  std::int64_t highest_seq = 0;  ///< the highest that can be proved to have been given, or is known to
  std::int64_t known_seq = 0;    ///< of KnownLane
  std::int64_t rows_saved = 0;   ///< unsettled, read, and with the checksum they were written with
  std::int64_t rows_lost = 0;    ///< declared by the salvage
  std::vector<KeySpan> spans;
  std::vector<SalvagedGap> gaps;  ///< all of the lane, by first_seq
};

struct SalvagedEpoch {
  Epoch epoch;
  std::optional<Epoch> parent;
  std::int64_t boot = 0;
  std::string reason;
  std::string fingerprint;
  bool acknowledged = false;
  std::vector<LaneEnd> parent_ends;
};

struct SalvagedBoot {
  std::string id;
  std::optional<std::int64_t> anchor_since_boot_ns;
  std::optional<std::int64_t> anchor_utc_ns;
};

/// Everything about a damaged store but its rows and values, which are read one by one.
struct Salvage {
  std::string device;              ///< empty: could not be read
  std::uint64_t budget_bytes = 0;  ///< 0: could not be read
  bool growing = false;
  std::int64_t lease_token = 0;                  ///< the highest that was given, as far as it could be read
  std::vector<SalvagedLane> lanes;               ///< by number
  std::map<std::int64_t, SalvagedEpoch> epochs;  ///< by number
  std::map<std::int64_t, SalvagedBoot> boots;
  std::vector<std::string> findings;  ///< for people: what did not read, and what follows from it
};

/// A row of a lane whose checksum is right.
struct SalvagedRow {
  StoredEvent event;
  std::int64_t epoch_number = 0;
  std::int64_t boot = 0;
  std::int64_t total_bytes = 0;  ///< as written; the checksum does not cover it
};

/// A quarantined row whose checksum is right, and why it is there.
struct SalvagedQuarantine {
  SalvagedRow row;
  std::int64_t reason = 0;
  std::string detail;
  std::int64_t attempts = 0;
  std::int64_t first_utc_ns = 0;
  std::int64_t last_utc_ns = 0;
  bool requeued = false;
};

struct SalvageSource {
  std::string path;
  std::string vfs = {};
  /// Names lanes whose names cannot be read: the first for lane 1, and so on.
  std::vector<LaneOptions> lanes = {};
  /// What the process knew that had the store open until now: a seq that was given is in the new store, or declared.
  std::vector<KnownLane> known = {};
};

/// Reads a damaged store as far as it can be read. What does not read is not an error: it is missing from the
/// result. The files are not changed; nobody else may have them open. `busy`, `denied`, `unavailable` (no
/// memory).
///
/// How a damaged b-tree is read: upwards until SQLite meets the damage, downwards from the top, and then the
/// keys between are probed by halves, at most kProbesMax times a table. Only a row whose CRC-32C is right
/// counts. A name that a row refers to (epoch, topic, type, content type) is looked up in its table and in
/// that table's index, which holds a second copy: the checksum tells which one is right.
class Salvager {
 public:
  static constexpr int kProbesMax = 4096;

  [[nodiscard]] static Result<std::unique_ptr<Salvager>> open(const SalvageSource& source);
  ~Salvager();
  Salvager(const Salvager&) = delete;
  Salvager& operator=(const Salvager&) = delete;

  [[nodiscard]] const Salvage& summary() const noexcept;
  /// The saved rows of a lane, ascending. Ends with the first error of `take`.
  [[nodiscard]] Result<void> for_each_row(const SalvagedLane& lane,
                                          const std::function<Result<void>(const SalvagedRow&)>& take);
  [[nodiscard]] Result<void> for_each_quarantined(
      const std::function<Result<void>(const SalvagedQuarantine&)>& take);
  /// Rows of hf_state (key, version, content type, value) and of hf_key (n, key, receipt), as they read. The
  /// statement stands on the row.
  [[nodiscard]] Result<void> for_each_state(const std::function<Result<void>(const Statement&)>& take);
  [[nodiscard]] Result<void> for_each_idempotency_key(
      const std::function<Result<void>(const Statement&)>& take);

 private:
  struct Impl;
  explicit Salvager(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a salvage has done.
struct SalvageReport {
  std::int64_t rows_saved = 0;
  std::int64_t rows_lost = 0;  ///< and declared
  std::int64_t gaps_declared = 0;
  std::int64_t quarantined_saved = 0;
  std::int64_t state_entries_saved = 0;
  std::vector<std::string> findings;
};

/// Copies what `from` reads into the store on `fresh`, which has the schema, and neither rows nor lanes with
/// rows. Commits at most limits::kPurgeRowsMax rows or 1 MiB at a time and calls `between` after each commit
/// (checkpoint there). The next session begins an epoch whose parent is the newest one copied. After an error
/// `fresh` is of no use: delete it and begin again. `full`: the budget of `fresh` is too small; `disk_full`,
/// `io_error`.
[[nodiscard]] Result<SalvageReport> salvage_into(Connection& fresh, Salvager& from,
                                                 const std::function<Result<void>()>& between);

/// Looks at what a session takes on trust, which no checksum covers: the small tables against their indexes,
/// and each lane's cursor against the running totals of the rows around it. A few pages, whatever the backlog.
/// `corrupt`: set the store aside.
[[nodiscard]] Result<void> check_structure(Connection& connection);
/// PRAGMA integrity_check tells a page that could not be read like one that is damaged. Here it is `io_error`.
[[nodiscard]] Result<void> check_was_made(std::string_view finding);

}  // namespace holdfast::store
