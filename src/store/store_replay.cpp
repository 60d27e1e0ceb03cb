// SPDX-License-Identifier: MIT
//
// The part of the store that finds events again: settled ones for a replay, quarantined ones for an operator.
#include <holdfast/platform/clock.hpp>

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

Result<ReplayPage> Store::replay(const ReplayQuestion& question) {
  if (!have_session()) return not_usable("replay events");
  auto page = session_->replay(question);
  if (!page && says_damaged(page.error()) && mend()) page = session_->replay(question);
  return page;
}

// What does not read any more can never be sent: it goes back to where it was.
Result<Session::Requeued> Store::requeued(const RequeuedPlace& after) {
  if (!have_session()) return not_usable("read the quarantine");
  auto page = session_->requeued(after);
  if (!page) return page;
  for (const RequeuedPlace& place : page->unfit) {
    refuse_requeued(
        {place.lane, place.seq, 0, "the row's checksum does not fit", platform_.clock.wall().utc});
  }
  return page;
}

void Store::settle_requeued(const RequeuedPlace& place) {
  if (session_) session_->settle_requeued(place);  // else it is sent once more
}

void Store::refuse_requeued(const RefusalNote& note) {
  if (!have_session() || counters_.degraded) return;
  (void)transact([&] { return session_->refuse_requeued(note); });
}

Result<QuarantinePage> Store::quarantined(std::string_view lane, std::int64_t after_seq,
                                          std::size_t events_max) {
  constexpr const char* kWhere = "list the quarantine";
  if (!have_session()) return not_usable(kWhere);
  const auto index = session_->index_of(lane);
  if (!index) return no_lane(kWhere, lane);
  auto page = session_->quarantined(*index, after_seq, events_max);
  if (page || !says_damaged(page.error()) || !mend()) return page;
  const auto now = session_->index_of(lane);
  return now ? session_->quarantined(*now, after_seq, events_max) : no_lane(kWhere, lane);
}

Result<std::size_t> Store::requeue(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
  return change_quarantine("requeue", lane,
                           [&](std::size_t index) { return session_->requeue(index, first_seq, last_seq); });
}

Result<std::size_t> Store::discard(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
  auto gone = change_quarantine(
      "discard", lane, [&](std::size_t index) { return session_->discard(index, first_seq, last_seq); });
  room_news_ = room_news_ || (gone && *gone > 0);
  return gone;
}

// A block of rows in each transaction; bounded by limits::kQuarantineRowsMax.
Result<std::size_t> Store::change_quarantine(const char* where, std::string_view lane,
                                             const std::function<Result<std::size_t>(std::size_t)>& change) {
  if (!have_session() || counters_.degraded) return not_usable(where);
  const auto index = session_->index_of(lane);
  if (!index) return no_lane(where, lane);
  std::size_t total = 0;
  for (std::size_t block = 1; block > 0; total += block) {
    auto done = transact([&]() -> Result<void> {
      const auto changed = change(*index);
      if (!changed) return tl::unexpected<Error>(changed.error());
      block = *changed;
      return {};
    });
    if (!done) return tl::unexpected<Error>(done.error());
  }
  return total;
}

}  // namespace holdfast::store
