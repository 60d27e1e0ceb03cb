// SPDX-License-Identifier: MIT
//
// The part of a session that stores, hands out and settles events.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>

#include "base/text.hpp"
#include "flow/time_resolution.hpp"
#include "store/event_rules.hpp"
#include "store/own_work.hpp"
#include "store/session.hpp"

namespace holdfast::store {
namespace {

tl::unexpected<Error> ended() {
  return fail(ErrorCode::invalid, "write", "the transaction has ended; return the error that ended it");
}

}  // namespace

Result<std::int64_t> Session::put(std::string_view key, std::span<const std::byte> value,
                                  std::string_view content_type) {
  if (!in_transaction()) return ended();
  if (auto done = check_state(key, value.size(), content_type); !done)
    return tl::unexpected<Error>(done.error());
  const OwnWork work(*this);
  return state_.put(key, value, content_type);
}

Result<bool> Session::erase(std::string_view key) {
  if (!in_transaction()) return ended();
  const OwnWork work(*this);
  return state_.erase(key);
}

Result<std::optional<StateEntry>> Session::get(std::string_view key) {
  const OwnWork work(*this);
  return state_.get(key);
}

Result<std::vector<StateEntry>> Session::list(std::string_view prefix, std::string_view after,
                                              std::size_t entries_max) {
  const OwnWork work(*this);
  return state_.list(prefix, after, entries_max);
}

Result<EventId> Session::add(const Event& event) {
  if (!in_transaction()) return ended();
  if (auto done = check_event(event, options_.event_data_bytes_max); !done) {
    return tl::unexpected<Error>(done.error());
  }
  Lane* lane = find(event.lane);
  if (lane == nullptr) {
    return fail(ErrorCode::invalid, "add event", "there is no lane '" + std::string(event.lane) + "'");
  }
  if (event.topic.empty()) topics_.render_into(topic_, event.lane, event.key);
  const std::string_view topic = event.topic.empty() ? std::string_view(topic_) : event.topic;
  if (!base::is_topic(topic) || topics_.is_reserved(topic) || topic.front() == '$') {
    return fail(ErrorCode::invalid, "add event",
                "'" + std::string(topic.substr(0, 100)) +
                    "' is no topic to publish to: no + or #, no leading $, not a control " +
                    "topic, at most " + std::to_string(limits::kTopicBytesMax) + " bytes");
  }
  if (auto done = let_in(*lane, event.data.size()); !done) return tl::unexpected<Error>(done.error());
  const OwnWork work(*this);
  if (auto done = ensure_epoch(); !done) return tl::unexpected<Error>(done.error());
  const Head next{lane->head.last_seq + 1,
                  lane->head.total_bytes + static_cast<std::int64_t>(event.data.size())};
  const NewRow row{.seq = next.last_seq,
                   .epoch_number = epoch_->number,
                   .epoch = minted_,
                   .committed = {*boot_, platform_.clock.now()},
                   .topic = topic,
                   .total_bytes = next.total_bytes,
                   .event = &event};
  if (auto done = lane->rows.append(row, texts_); !done) {
    if (done.error().code == ErrorCode::full) {
      want(*lane, event.data.size() + kPageBytes);
      return no_room(std::move(done.error().hint));
    }
    return tl::unexpected<Error>(done.error());
  }
  lane->head = next;
  return EventId{minted_, lane->record.options.name, next.last_seq};
}

Result<std::optional<Receipt>> Session::first_answer(std::string_view idempotency_key) {
  return keys_.find(idempotency_key);
}

Result<void> Session::remember_answer(std::string_view idempotency_key, const Receipt& receipt) {
  return keys_.add(idempotency_key, receipt);
}

std::optional<Epoch> Session::newest_epoch() const {
  const auto newest = epochs_.newest();
  return newest ? std::optional(newest->epoch) : std::nullopt;
}

// The epoch is stored by the first transaction that commits an event, so that an opening that does nothing
// leaves no trace, and every epoch that a consumer can see is announced.
Result<void> Session::ensure_epoch() {
  if (epoch_) return {};
  NewEpoch epoch{.epoch = minted_,
                 .boot_id = boot_id_,
                 .reason = opening_reason(),
                 .fingerprint = platform_.host.fingerprint(),
                 .parent_ends = {},
                 .anchor = trusted_anchor()};
  if (epochs_.newest()) {
    for (const Lane& lane : lanes_)
      epoch.parent_ends.push_back({lane.record.options.name, lane.durable.last_seq});
    for (const LaneRecord& lane : retired_) epoch.parent_ends.push_back({lane.options.name, lane.cursor});
  }
  const auto stored = epochs_.store(epoch);
  if (!stored) {
    (void)epochs_.reload();  // it may hold a boot or epoch that is not there
    return tl::unexpected<Error>(stored.error());
  }
  epoch_ = *stored;
  boot_ = epochs_.boot_number(boot_id_);
  return {};
}

// Restored: a backup was put in the store's place. Moved: the card sits in other hardware, or is a clone.
std::string Session::opening_reason() const {
  if (!epochs_.newest()) return "created";
  if (record_.restored) return "restored";
  const bool moved =
      !epochs_.newest_fingerprint().empty() && epochs_.newest_fingerprint() != platform_.host.fingerprint();
  return moved ? "moved" : reason_;
}

std::optional<base::TimeAnchor> Session::trusted_anchor() const {
  const platform::WallTime wall = platform_.clock.wall();
  if (!wall.trusted) return std::nullopt;
  return base::TimeAnchor{platform_.clock.now(), wall.utc};
}

bool Session::anchor_due() const {
  return boot_ && !epochs_.anchor_of(*boot_) && platform_.clock.wall().trusted;
}

// The clock may become trusted long after boot. The anchor then rides on the next commit or, when nobody writes, goes
// alone: without it the events of this boot would have no time after the next one.
Result<void> Session::store_anchor() {
  if (!boot_ || epochs_.anchor_of(*boot_)) return {};
  const auto anchor = trusted_anchor();
  if (!anchor) return {};
  anchor_staged_ = true;
  return epochs_.set_anchor(*boot_, *anchor);
}

std::size_t Session::unstored() const {
  std::size_t events =
      acknowledged_epochs_.size() + acknowledged_gaps_.size() + acknowledged_requeued_.size();
  for (const Lane& lane : lanes_) {
    events += static_cast<std::size_t>(std::max<std::int64_t>(lane.settled.cursor() - lane.record.cursor, 0));
  }
  const std::uint64_t retained = retained_bytes();
  const std::uint64_t limit = retention_limit();
  if (limit == 0) {
    for (const Lane& lane : lanes_)
      events += static_cast<std::size_t>(std::max<std::int64_t>(lane.record.cursor - lane.low_seq + 1, 0));
  } else if (retained > limit + limit / 8) {  // not row by row
    events += limits::kPurgeRowsMax;
  }
  return events;
}

Result<void> Session::store_settled() {
  for (Lane& lane : lanes_) {
    if (auto done = store_lane(lane); !done) return done;
  }
  auto done = purge_retained();
  if (done) done = store_records();
  return done ? store_anchor() : done;
}

// Only acknowledged gaps of lanes whose cursor has passed them are forgotten; see LossTable.
Result<void> Session::store_records() {
  for (const std::int64_t number : acknowledged_epochs_) {
    if (auto done = epochs_.acknowledge(number); !done) return done;
  }
  for (const std::int64_t n : acknowledged_gaps_) {
    if (auto done = losses_.acknowledge_gap(n); !done) return done;
  }
  staged_epochs_ = acknowledged_epochs_.size();
  staged_gaps_ = acknowledged_gaps_.size();
  if (auto done = store_requeued(); !done) return done;
  if (!losses_.any_acknowledged()) return {};
  for (const Lane& lane : lanes_) {
    if (auto done = losses_.forget_gaps(lane.record.lane, lane.latest().cursor); !done) return done;
  }
  for (const LaneRecord& lane : retired_) {
    if (auto done = losses_.forget_gaps(lane.lane, lane.cursor); !done) return done;
  }
  return {};
}

Result<void> Session::store_lane(Lane& lane) {
  const std::int64_t cursor = lane.settled.cursor();
  if (cursor <= lane.latest().cursor) return {};
  const auto total = lane.rows.total_bytes_below_next(cursor);
  if (!total) return tl::unexpected<Error>(total.error());
  LaneRecord staged = lane.latest();
  staged.cursor = cursor;
  staged.cursor_bytes = total->value_or(lane.durable.total_bytes);
  staged.lost_events_below = lane.events_below();
  staged.lost_bytes_below = lane.bytes_below();
  if (auto done = lane_table_.store_progress(staged); !done) return done;
  lane.staged = staged;
  return losses_.any_failures() ? losses_.forget_failures(staged.lane, cursor) : Result<void>();
}

// Fills in what the row names by number, and compares the checksum; false when the row is not what was
// written.
bool Session::complete(ReadRow& row) const {
  const auto epoch = epochs_.find(row.epoch_number);
  if (!epoch || !row.readable) return false;
  row.event.epoch = *epoch;
  row.event.of_this_boot = boot_ == row.boot;
  row.event.anchor = epochs_.anchor_of(row.boot);
  return row_crc(row.event) == row.crc;
}

// Seqs without rows: settled when a gap record explains them. What nothing explains is a part of from..to.
Result<std::optional<Hole>> Session::explain(Lane& lane, std::int64_t from, std::int64_t to) {
  for (const auto& part : lane.settled.not_in_holes(from, to)) {
    const std::int64_t first = part.first;
    const std::int64_t last = part.second;
    const auto below = lane.rows.total_bytes_at(first - 1);
    if (!below) return tl::unexpected<Error>(below.error());
    const auto above = lane.rows.total_bytes_below_next(last);
    if (!above) return tl::unexpected<Error>(above.error());
    const std::int64_t bytes =
        above->value_or(lane.durable.total_bytes) - std::max(below->value_or(0), lane.record.cursor_bytes);
    const Hole hole{first, last, std::max<std::int64_t>(bytes, 0)};
    const bool sparse = std::any_of(lane.hulls.begin(), lane.hulls.end(), [&](const Hull& hull) {
      return hull.first <= first && hull.last >= last;
    });
    if (!sparse) return std::optional(hole);
    lane.settled.settle_hole(hole);
  }
  return std::optional<Hole>();
}

Result<Fetched> Session::fetch(const FetchOrder& order) {
  HOLDFAST_CHECK(!in_transaction());
  Lane* lane = find(order.lane);
  Fetched fetched;
  fetched.end_seq = order.after_seq;
  if (lane == nullptr || lane->record.paused) return fetched;  // removed, or resumed one day
  fetched.end_seq = std::max(order.after_seq, lane->settled.cursor());
  const std::int64_t span_end = lane->settled.cursor() + static_cast<std::int64_t>(limits::kSpanMax);
  std::size_t bytes = 0;
  bool at_end = true;
  bool rises = true;
  std::vector<std::pair<std::int64_t, std::int64_t>> absent;
  std::int64_t expected = fetched.end_seq + 1;
  const auto take = [&](ReadRow row) {
    StoredEvent& event = row.event;
    if (event.seq < expected) {  // pages in a circle
      rises = false;
      return false;
    }
    if (event.seq > span_end) {
      fetched.at_span_end = true;
      return at_end = false;
    }
    if (event.seq > expected) absent.emplace_back(expected, event.seq - 1);
    expected = event.seq + 1;
    if (lane->settled.contains(event.seq) || !order.lease.covers(order.lane, order.spread, event.key)) {
      fetched.end_seq = event.seq;
      return true;
    }
    bytes += event.data.size();
    const bool has_room = fetched.events.empty() || bytes <= order.bytes_max;
    if (!has_room || fetched.events.size() >= order.events_max) {
      fetched.more = true;
      return at_end = false;
    }
    if (!complete(row)) {
      fetched.damaged_seq = event.seq;
      fetched.more = true;
      return at_end = false;
    }
    fetched.end_seq = event.seq;
    fetched.events.push_back(std::move(event));
    return true;
  };
  // Settled rows above the cursor are passed over, so the scan may look at a span of them, and at the row
  // behind it, which ends it.
  auto done = lane->rows.scan(fetched.end_seq, limits::kSpanMax + 1, texts_, take);
  if (!done) return tl::unexpected<Error>(done.error());
  if (!rises) return fail(ErrorCode::corrupt, "fetch events", "the rows of a lane are not in order");
  if (at_end) {  // the highest events may have no rows
    if (expected <= lane->durable.last_seq) absent.emplace_back(expected, lane->durable.last_seq);
    fetched.end_seq = std::max(fetched.end_seq, lane->durable.last_seq);
  }
  for (const auto& [from, to] : absent) {
    const auto unexplained = explain(*lane, from, to);
    if (!unexplained) return tl::unexpected<Error>(unexplained.error());
    if (!*unexplained) continue;
    fetched.vanished = **unexplained;
    break;
  }
  lane->pins.add(order.lease.relay, fetched.damaged_seq.value_or(fetched.end_seq));
  return fetched;
}

Result<std::vector<ControlRecord>> Session::control_records() {
  std::vector<ControlRecord> records;
  auto epochs = epochs_.unacknowledged(limits::kControlRecordsMax + acknowledged_epochs_.size());
  if (!epochs) return tl::unexpected<Error>(epochs.error());
  const auto waits = [](const std::vector<std::int64_t>& settled, std::int64_t row) {
    return std::find(settled.begin(), settled.end(), row) == settled.end();
  };
  const auto full = [&] { return records.size() == limits::kControlRecordsMax; };
  for (auto& [number, record] : *epochs) {
    if (!full() && waits(acknowledged_epochs_, number)) records.push_back({number, std::move(record)});
  }
  auto gaps = losses_.gaps(limits::kControlRecordsMax + acknowledged_gaps_.size());
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  for (GapRow& gap : *gaps) {
    if (full()) break;
    const LaneRecord* lane = find_record(gap.lane);
    const auto epoch = epochs_.find(gap.epoch_number);
    if (lane == nullptr || !epoch)
      return fail(ErrorCode::corrupt, "read hf_gap", "it names an unknown lane or epoch");
    if (!waits(acknowledged_gaps_, gap.n)) continue;
    GapRecord record{.id = epoch->text() + '-' + lane->options.name + "-gap-" + std::to_string(gap.n),
                     .epoch = *epoch,
                     .lane = lane->options.name,
                     .first = gap.first_seq,
                     .last = gap.last_seq,
                     .missing = gap.missing,
                     .bytes = gap.bytes,
                     .reason = std::move(gap.reason)};
    records.push_back({gap.n, std::move(record)});
  }
  return records;
}

void Session::settle(LaneNumber number, std::int64_t seq) {
  Lane* lane = find(number);
  if (lane == nullptr) return;  // it was removed, and the loss declared
  HOLDFAST_CHECK(seq <= lane->durable.last_seq);
  lane->settled.settle(seq);
}

bool Session::is_pinned(LaneNumber number, std::int64_t seq) const noexcept {
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const Lane& each) { return each.record.lane == number; });
  return lane == lanes_.end() || seq <= std::max(lane->pins.highest(), lane->settled.cursor());
}

void Session::settle_control(std::int64_t row, bool is_gap) {
  (is_gap ? acknowledged_gaps_ : acknowledged_epochs_).push_back(row);
}

void Session::release_pins(std::size_t relay) {
  for (Lane& lane : lanes_) lane.pins.release(relay);
}

Result<std::int64_t> Session::take_shares(std::size_t relay, ShareSet shares) {
  std::int64_t token = 0;
  for (std::size_t share = 0; share < shares.size(); ++share) {
    if (!shares[share]) continue;
    auto taken = leases_.take(share, relay);
    if (!taken) return taken;
    token = std::max(token, *taken);
  }
  return token;
}

Result<void> Session::let_go_of_shares(ShareSet shares) {
  for (std::size_t share = 0; share < shares.size(); ++share) {
    if (!shares[share]) continue;
    if (auto done = leases_.let_go(share); !done) return done;
  }
  return {};
}

Result<void> Session::note_failure(const RefusalNote& note) { return losses_.note_failure(note); }

// Of a row whose own is damaged: that of a neighbour, else the newest.
Result<std::int64_t> Session::likely_epoch(Lane& lane, std::int64_t seq) {
  for (const std::int64_t neighbour : {seq - 1, seq + 1}) {
    const auto number = lane.rows.epoch_of(neighbour);
    if (!number) return tl::unexpected<Error>(number.error());
    if (number->has_value() && epochs_.find(**number)) return **number;
  }
  return epochs_.newest()->number;
}

Result<bool> Session::quarantine(const RefusalNote& note, std::string_view gap_reason, bool keep) {
  Lane* lane = find(note.lane);
  if (lane == nullptr) return fail(ErrorCode::invalid, "quarantine", "there is no such lane");
  if (keep && losses_.quarantined() >= static_cast<std::int64_t>(limits::kQuarantineRowsMax)) return false;
  std::optional<GapRow> gap;
  auto done = lane->rows.scan(note.seq - 1, 1, texts_, [&](const ReadRow& row) {
    if (row.event.seq == note.seq) {
      gap = GapRow{0,
                   row.epoch_number,
                   note.lane,
                   note.seq,
                   note.seq,
                   1,
                   static_cast<std::int64_t>(row.event.data.size()),
                   std::string(gap_reason)};
    }
    return false;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  if (!gap) return fail(ErrorCode::invalid, "quarantine", "there is no such event");
  if (!epochs_.find(gap->epoch_number)) {
    const auto likely = likely_epoch(*lane, note.seq);
    if (!likely) return tl::unexpected<Error>(likely.error());
    gap->epoch_number = *likely;
  }
  if (keep) done = losses_.quarantine(connection_, note);
  if (done) done = lane->rows.erase(note.seq, note.seq);
  if (done) done = declare_loss(*lane, *gap);
  if (!done) return tl::unexpected<Error>(done.error());
  lane->staged_holes.push_back({note.seq, note.seq, gap->bytes});
  return true;
}

Result<void> Session::declare_vanished(LaneNumber number, const Hole& hole) {
  Lane* lane = find(number);
  HOLDFAST_CHECK(lane != nullptr);
  const auto epoch = likely_epoch(*lane, hole.first);
  if (!epoch) return tl::unexpected<Error>(epoch.error());
  const GapRow gap{0,          *epoch,   number, hole.first, hole.last, hole.last - hole.first + 1,
                   hole.bytes, "damaged"};
  if (auto done = declare_loss(*lane, gap); !done) return done;
  lane->staged_holes.push_back(hole);
  return {};
}

// The gap record and the lane's totals. Which seqs have no row from now on is the caller's to note.
Result<void> Session::declare_loss(Lane& lane, const GapRow& gap) {
  auto done = losses_.add_gap(gap);
  if (!done) return done;
  LaneRecord staged = lane.latest();
  staged.lost_events += gap.missing;
  staged.lost_bytes += gap.bytes;
  if (done = lane_table_.store_progress(staged); !done) return done;
  lane.staged = staged;
  return {};
}

Result<EventPage> Session::events(std::size_t lane_index, std::int64_t after_seq, std::size_t events_max) {
  Lane& lane = lanes_.at(lane_index);
  EventPage page;
  page.end_seq = std::max<std::int64_t>(after_seq, 0);
  std::size_t bytes = 0;
  const platform::WallTime wall = platform_.clock.wall();
  const Instant now = platform_.clock.now();
  auto done =
      lane.rows.scan(after_seq, std::min(events_max, limits::kFetchEventsMax) + 1, texts_, [&](ReadRow row) {
        StoredEvent& event = row.event;
        bytes += event.data.size();
        const bool has_room = page.events.empty() || bytes <= limits::kFetchBytesMax;
        page.more = page.events.size() >= events_max || !has_room;
        if (page.more) return false;
        page.end_seq = event.seq;
        if (!complete(row)) return true;
        const auto time =
            flow::resolve_time({event.committed_at, event.of_this_boot, event.anchor}, now, wall);
        page.events.push_back({.id = {event.epoch, lane.record.options.name, event.seq},
                               .key = std::move(event.key),
                               .type = std::move(event.type),
                               .content_type = std::move(event.content_type),
                               .topic = std::move(event.topic),
                               .attributes = std::move(event.attributes),
                               .time = time.synchronised ? time.utc : std::nullopt,
                               .settled = lane.settled.contains(event.seq),
                               .data = std::move(event.data)});
        return true;
      });
  if (!done) return tl::unexpected<Error>(done.error());
  return page;
}

}  // namespace holdfast::store
