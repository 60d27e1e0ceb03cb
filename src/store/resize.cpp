// SPDX-License-Identifier: MIT
#include "store/resize.hpp"

#include <algorithm>
#include <holdfast/platform/disk.hpp>

#include "store/event_rules.hpp"
#include "store/layout.hpp"
#include "store/migrations.hpp"
#include "store/session.hpp"
#include "store/wal.hpp"

namespace holdfast::store {
namespace {

class Resizing {
 public:
  Resizing(const StoreOptions& options, PlatformView platform) : options_(options), platform_(platform) {}

  Result<void> run() {
    if (options_.budget_bytes < kBudgetBytesMin)
      return fail(ErrorCode::invalid, where(), "the budget is below 1 MiB");
    StoreOptions as_it_is = options_;
    as_it_is.budget_bytes = 0;
    as_it_is.create = false;
    as_it_is.on_provisioning = {};
    auto before = look(as_it_is);
    if (!before) return tl::unexpected<Error>(before.error());
    if (before->budget_bytes == options_.budget_bytes) return {};
    auto done = options_.budget_bytes > before->budget_bytes ? check_space(*before) : shrink();
    if (!done && done.error().code == ErrorCode::full) {
      const auto let_go = let_retained_go(as_it_is);
      if (!let_go) return tl::unexpected<Error>(let_go.error());
      if (*let_go) done = shrink();
    }
    if (done) done = set_budget();
    if (!done) return done;
    as_it_is.on_provisioning = options_.on_provisioning;
    const auto after = look(as_it_is);
    return after ? Result<void>() : tl::unexpected<Error>(after.error());
  }

 private:
  [[nodiscard]] std::string where() const { return "change the budget of " + options_.path; }

  // Opens and closes the store as everybody does: whatever an earlier life left behind is done.
  Result<StoreRecord> look(const StoreOptions& options) const {
    const auto session = Session::open(options, platform_, "opened");
    if (!session) return tl::unexpected<Error>(session.error());
    return (*session)->record();
  }

  Result<void> check_space(const StoreRecord& before) const {
    const auto space = platform_.disk.space(options_.path);
    if (!space) return tl::unexpected<Error>(space.error());
    const std::uint64_t more = options_.budget_bytes - before.budget_bytes;
    if (before.growing || space->available_bytes >= more) return {};
    return fail(ErrorCode::disk_full, where(),
                "it needs " + std::to_string(more) + " bytes more, " +
                    std::to_string(space->available_bytes) + " are available");
  }

  Result<Connection> open_plain() const {
    return Connection::open(
        {.path = options_.path, .vfs = options_.vfs, .create = false, .application_id = kStoreApplicationId});
  }

  Result<void> shrink() const {
    auto connection = open_plain();
    if (!connection) return tl::unexpected<Error>(connection.error());
    const auto pages = connection->query_integer("PRAGMA page_count");
    if (!pages) return tl::unexpected<Error>(pages.error());
    const auto free = connection->query_integer("PRAGMA freelist_count");
    if (!free) return tl::unexpected<Error>(free.error());
    const Layout layout = layout_of(options_.budget_bytes, options_.checkpoint_pages);
    const auto used = static_cast<std::uint64_t>(*pages - *free);
    if (used + layout.reserve_pages > layout.database_pages) {
      const std::uint64_t least = (used + layout.reserve_pages) * kPageBytes + layout.wal_bytes();
      return fail(ErrorCode::full, where(),
                  "what is stored needs about " + std::to_string(least) +
                      " bytes; let the backlog drain, or remove state and tables");
    }
    if (static_cast<std::uint64_t>(*pages) <= layout.database_pages) return {};
    sqlite3_limit(connection->handle(), SQLITE_LIMIT_ATTACHED, 1);  // VACUUM attaches the copy that it makes
    auto done = connection->execute("VACUUM");
    if (done) {
      const auto moved = restart_wal(*connection);
      if (!moved) done = tl::unexpected<Error>(moved.error());
    }
    if (done || done.error().code != ErrorCode::full) return done;
    Error error = std::move(done.error());
    error.code = ErrorCode::disk_full;
    error.hint = "making it smaller needs room for a copy of what is stored; nothing was changed";
    return tl::unexpected<Error>(std::move(error));
  }

  // Delivered events that are kept for replay go first, which is no loss. False: there are none, or the
  // others do not fit either.
  Result<bool> let_retained_go(const StoreOptions& as_it_is) const {
    const auto opened = Session::open(as_it_is, platform_, "opened");
    if (!opened) return tl::unexpected<Error>(opened.error());
    Session& session = **opened;
    StoreStatistics now;
    session.add_figures(now);
    const std::uint64_t used = (now.database_bytes - now.free_bytes) / kPageBytes;
    const std::uint64_t retained = std::min(session.retained_pages(), used);
    const Layout layout = layout_of(options_.budget_bytes, options_.checkpoint_pages);
    if (retained == 0 || used - retained + layout.reserve_pages > layout.database_pages) return false;
    const std::size_t lanes = session.loads().size();
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (auto done = purge_all(session, lane); !done) return tl::unexpected<Error>(done.error());
    }
    return true;
  }

  // Bounded by the lane's rows, a block each time.
  static Result<void> purge_all(Session& session, std::size_t lane) {
    for (bool more = true; more;) {
      if (auto begun = session.begin(); !begun) return begun;
      const auto purged = session.purge_block(lane);
      auto done = purged ? session.commit() : tl::unexpected<Error>(purged.error());
      if (!done) session.roll_back();
      if (done && session.wal_pages() >= session.layout().checkpoint_pages) done = session.restart_wal();
      if (!done) return done;
      more = *purged;
    }
    return {};
  }

  // Without PERSIST_WAL, so that the WAL, which may be large now, goes with the last connection.
  Result<void> set_budget() const {
    auto connection = open_plain();
    if (!connection) return tl::unexpected<Error>(connection.error());
    auto done = connection->execute(
        "UPDATE hf_store SET budget_bytes = " + std::to_string(options_.budget_bytes) + " WHERE id = 1");
    int keep_wal = 0;
    (void)sqlite3_file_control(connection->handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
    return done;
  }

  const StoreOptions& options_;
  PlatformView platform_;
};

}  // namespace

Result<void> resize(const StoreOptions& options, PlatformView platform) {
  return Resizing(options, platform).run();
}

}  // namespace holdfast::store
