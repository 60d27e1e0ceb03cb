// SPDX-License-Identifier: MIT
//
// The part of the store that serves operators: lanes that pause and go, export, backup.
#include <algorithm>
#include <holdfast/platform/disk.hpp>

#include "store/backup.hpp"
#include "store/store.hpp"

namespace holdfast::store {
namespace {

tl::unexpected<Error> not_usable(const char* where) {
  return fail(ErrorCode::io_error, where, "the store had I/O errors and is not usable now");
}

tl::unexpected<Error> no_lane(const char* where, std::string_view name) {
  return fail(ErrorCode::invalid, where, "there is no lane '" + std::string(name) + "'");
}

}  // namespace

Result<void> Store::set_paused(std::string_view lane, bool paused) {
  if (!have_session() || counters_.degraded) return not_usable("pause a lane");
  return transact([&] { return session_->set_paused(lane, paused); });
}

Result<void> Store::remove_lane(std::string_view name, LaneRemoval removal) {
  constexpr const char* kWhere = "remove a lane";
  if (!have_session() || counters_.degraded) return not_usable(kWhere);
  const auto index = session_->index_of(name);
  if (!index) return no_lane(kWhere, name);
  if (session_->loads().size() == 1) return fail(ErrorCode::invalid, kWhere, "it is the only lane");
  if (session_->in_flight(*index))
    return fail(ErrorCode::busy, kWhere, "events of it are in flight; pause it, and try again in a moment");
  const auto backlog = session_->watermarks().at(*index).backlog_events;
  if (backlog > 0 && removal == LaneRemoval::when_settled) {
    return fail(ErrorCode::busy, kWhere,
                std::to_string(backlog) + " events wait for the broker; drain the lane, or declare the loss");
  }
  for (bool more = true; more;) {  // bounded by the rows of the lane, a block each time
    const auto settled_before = session_->watermarks().at(*index).settled_seq;
    auto done = transact([&]() -> Result<void> {
      const auto dropped = session_->drop_oldest(*index, kBudgetBytesMin, "removed");
      if (!dropped) return tl::unexpected<Error>(dropped.error());
      more = *dropped > 0;
      return {};
    });
    if (done) done = transact([&] { return session_->store_settled(); });
    if (!done) return done;
    control_news_ = true;
    more = more || session_->watermarks().at(*index).settled_seq != settled_before;
  }
  for (bool more = true; more;) {
    auto done = transact([&]() -> Result<void> {
      const auto purged = session_->purge_block(*index);
      if (!purged) return tl::unexpected<Error>(purged.error());
      more = *purged;
      return {};
    });
    if (!done) return done;
  }
  room_news_ = true;
  auto done = session_->retire(*index);
  return done ? Result<void>() : commit_failed(std::move(done.error()));
}

Result<EventPage> Store::events(std::string_view lane, std::int64_t after_seq, std::size_t events_max) {
  if (!have_session()) return not_usable("read events");
  const auto index = session_->index_of(lane);
  if (!index) return no_lane("read events", lane);
  return session_->events(*index, after_seq, std::max<std::size_t>(events_max, 1));
}

Result<void> Store::begin_backup(const std::string& path) {
  const std::string where = "back up to " + path;
  if (!have_session()) return not_usable("back up");
  if (backup_) return fail(ErrorCode::busy, where, "another backup is under way");
  const auto there = platform_.disk.stat(path);
  if (!there) return tl::unexpected<Error>(there.error());
  if (there->has_value()) return fail(ErrorCode::invalid, where, "there is such a file already");
  if (auto may = platform_.disk.may_create_beside(path); !may) return may;
  auto backup = Backup::begin(session_->handle(), path, options_.vfs);
  if (!backup) return tl::unexpected<Error>(backup.error());
  backup_ = std::move(*backup);
  return {};
}

Result<bool> Store::step_backup() {
  if (!backup_) return fail(ErrorCode::io_error, "back up", "the store was reopened after an I/O error");
  auto more = backup_->step();
  if (!more || !*more) backup_.reset();
  return more;
}

}  // namespace holdfast::store
