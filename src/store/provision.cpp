// SPDX-License-Identifier: MIT
#include "store/provision.hpp"

#include <algorithm>
#include <vector>

#include "store/wal.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS hf_fill (n INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT";
constexpr std::string_view kInsert = "INSERT INTO hf_fill (filler) SELECT zeroblob(?1)";
constexpr std::string_view kDelete = "DELETE FROM hf_fill WHERE n <= (SELECT min(n) FROM hf_fill) + ?1";
constexpr std::string_view kAnyLeft = "SELECT count(*) FROM (SELECT 1 FROM hf_fill LIMIT 1)";
constexpr std::string_view kIsThere =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'hf_fill'";

// A row of 489 bytes on its leaf and so many overflow pages of 4,092 (file format 1.6, for 4 KiB pages).
constexpr std::int64_t kLocalBytes = 489;
constexpr std::int64_t kOverflowBytes = 4092;
constexpr std::int64_t kRowPagesMax = 64;
// A row that fills a leaf by itself, for the last pages.
constexpr std::int64_t kLeafRowBytes = 3900;
constexpr auto kShortMax = static_cast<std::int64_t>(kProvisionShortMax);
// Pages that a transaction may dirty beside the rows': leaves, their parents, page 1.
constexpr std::uint64_t kOtherPages = 16;

class Filler {
 public:
  Filler(Connection& connection, const Layout& layout, std::uint64_t pages,
         const std::function<void(const ProvisioningProgress&)>& progress)
      : connection_(connection),
        layout_(layout),
        pages_(static_cast<std::int64_t>(pages)),
        progress_(progress) {}

  Result<void> run() {
    const auto count = connection_.query_integer("PRAGMA page_count");
    if (!count) return tl::unexpected<Error>(count.error());
    const auto left_over = connection_.query_integer(kIsThere);
    if (!left_over) return tl::unexpected<Error>(left_over.error());
    if (*count + kShortMax >= pages_ && *left_over == 0) return {};
    auto done = fill();
    if (done) done = empty();
    return done;
  }

 private:
  Result<void> in_transaction(Result<void> (Filler::*body)()) {
    auto done = connection_.execute("BEGIN IMMEDIATE");
    if (!done) return done;
    done = (this->*body)();
    if (done) done = connection_.execute("COMMIT");
    if (!done && connection_.in_transaction()) (void)connection_.execute("ROLLBACK");
    if (done) {
      const auto moved = restart_wal(connection_);
      if (!moved) return tl::unexpected<Error>(moved.error());
    }
    return done;
  }

  Result<void> fill() {
    if (auto done = connection_.execute(kCreate); !done) return done;
    auto insert = Statement::prepare(connection_.handle(), kInsert);
    if (!insert) return tl::unexpected<Error>(insert.error());
    statement_ = std::move(*insert);
    Result<void> done;
    for (auto count = missing(); done; count = missing()) {
      if (!count) return tl::unexpected<Error>(count.error());
      report(pages_ - *count);
      if (*count <= 0 || at_limit_) break;
      done = in_transaction(&Filler::add_rows);
    }
    statement_ = Statement();
    return done;
  }

  // Pages that the file still has to grow by; free ones are used up first.
  Result<std::int64_t> missing() {
    auto count = connection_.query_integer("PRAGMA page_count");
    if (!count) return count;
    return pages_ - *count;
  }

  Result<void> add_rows() {
    const std::uint64_t most = layout_.group_pages - kOtherPages;
    for (std::uint64_t written = 0; written + kRowPagesMax <= most || written == 0;) {
      const auto left = missing();
      if (!left) return tl::unexpected<Error>(left.error());
      if (*left <= 0 || at_limit_) return {};
      const auto pages = add_row(std::min(*left, static_cast<std::int64_t>(most)));
      if (!pages) return tl::unexpected<Error>(pages.error());
      written += static_cast<std::uint64_t>(*pages);
    }
    return {};
  }

  // The last rows may not fit: their leaf or its parent needs the page that was meant for them. Then a smaller
  // row is tried, until not even one page can be had. SQLITE_FULL in a statement is max_page_count's word: the
  // file system speaks up when the transaction is committed or moved.
  Result<std::int64_t> add_row(std::int64_t pages_max) {
    for (std::int64_t pages = std::min(pages_max, kRowPagesMax);; --pages) {
      const std::int64_t bytes = pages > 1 ? kLocalBytes + pages * kOverflowBytes : kLeafRowBytes;
      auto added = statement_.bind(1, bytes).run();
      if (added) return std::max<std::int64_t>(pages, 1);
      if (added.error().code != ErrorCode::full) return tl::unexpected<Error>(added.error());
      if (pages <= 1) {
        at_limit_ = true;
        return 0;
      }
    }
  }

  // Deleting a row dirties its leaf and one trunk page of the free-list per thousand pages.
  Result<void> empty() {
    auto remove = Statement::prepare(connection_.handle(), kDelete);
    if (!remove) return tl::unexpected<Error>(remove.error());
    statement_ = std::move(*remove);
    Result<void> done;
    for (;;) {
      const auto left = connection_.query_integer(kAnyLeft);
      if (!left) return tl::unexpected<Error>(left.error());
      if (*left == 0) break;
      done = in_transaction(&Filler::remove_rows);
      if (!done) break;
    }
    statement_ = Statement();
    return done ? connection_.execute("DROP TABLE hf_fill") : done;
  }

  Result<void> remove_rows() {
    constexpr std::int64_t kRows = 199;  // 200 rows: 12,800 pages, 13 trunks, 25 leaves
    return statement_.bind(1, kRows).run();
  }

  void report(std::int64_t pages) const {
    if (!progress_) return;
    const auto done = static_cast<std::uint64_t>(std::clamp<std::int64_t>(pages, 0, pages_));
    progress_({done * kPageBytes, static_cast<std::uint64_t>(pages_) * kPageBytes});
  }

  Connection& connection_;
  const Layout& layout_;
  std::int64_t pages_;
  const std::function<void(const ProvisioningProgress&)>& progress_;
  Statement statement_;
  bool at_limit_ = false;
};

}  // namespace

Result<void> provision_database(Connection& connection, const Layout& layout, std::uint64_t pages,
                                const std::function<void(const ProvisioningProgress&)>& progress) {
  auto done = Filler(connection, layout, pages, progress).run();
  if (done || done.error().code != ErrorCode::full) return done;
  Error error = std::move(done.error());  // the page limit is not reached here: it is the file system
  error.code = ErrorCode::disk_full;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace holdfast::store
