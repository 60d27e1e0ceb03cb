// SPDX-License-Identifier: MIT
//
// The part of a session that stores, hands out and settles events.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>

#include "base/text.hpp"
#include "store/event_rules.hpp"
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
  const FenceGap gap(*fence_);
  return state_.put(key, value, content_type);
}

Result<bool> Session::erase(std::string_view key) {
  if (!in_transaction()) return ended();
  const FenceGap gap(*fence_);
  return state_.erase(key);
}

Result<std::optional<StateEntry>> Session::get(std::string_view key) {
  const FenceGap gap(*fence_);
  return state_.get(key);
}

Result<std::vector<StateEntry>> Session::list(std::string_view prefix, std::string_view after,
                                              std::size_t entries_max) {
  const FenceGap gap(*fence_);
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
  const std::string topic =
      event.topic.empty() ? topics_.render(event.lane, event.key) : std::string(event.topic);
  if (!base::is_topic(topic) || topics_.is_reserved(topic) || topic.front() == '$') {
    return fail(ErrorCode::invalid, "add event",
                "'" + topic.substr(0, 100) +
                    "' is no topic to publish to: no + or #, no leading $, not a control " +
                    "topic, at most " + std::to_string(limits::kTopicBytesMax) + " bytes");
  }
  const FenceGap gap(*fence_);
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
  if (auto done = lane->rows.append(row, texts_); !done) return tl::unexpected<Error>(done.error());
  lane->head = next;
  return EventId{minted_, lane->record.name, next.last_seq};
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
                 .reason = epochs_.newest() ? reason_ : "created",
                 .fingerprint = platform_.host.fingerprint(),
                 .parent_ends = {},
                 .anchor = trusted_anchor()};
  if (epochs_.newest()) {
    if (epochs_.newest()) {
      for (const Lane& lane : lanes_) epoch.parent_ends.push_back({lane.record.name, lane.durable.last_seq});
    }
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

std::optional<base::TimeAnchor> Session::trusted_anchor() const {
  const platform::WallTime wall = platform_.clock.wall();
  if (!wall.trusted) return std::nullopt;
  return base::TimeAnchor{platform_.clock.now(), wall.utc};
}

// The clock may become trusted long after boot; the anchor then rides on the next commit.
Result<void> Session::store_anchor() {
  if (!boot_ || epochs_.anchor_of(*boot_)) return {};
  const auto anchor = trusted_anchor();
  if (!anchor) return {};
  anchor_staged_ = true;
  return epochs_.set_anchor(*boot_, *anchor);
}

std::size_t Session::unstored() const {
  std::size_t events = acknowledged_epochs_.size() + acknowledged_gaps_.size();
  for (const Lane& lane : lanes_) {
    const std::int64_t purgeable = lane.settled.cursor() - std::min(lane.settled.cursor(), lane.low_seq - 1);
    events += static_cast<std::size_t>(std::max(lane.settled.cursor() - lane.record.cursor, purgeable));
  }
  return events;
}

Result<void> Session::store_settled() {
  for (Lane& lane : lanes_) {
    if (auto done = store_lane(lane); !done) return done;
  }
  for (const std::int64_t number : acknowledged_epochs_) {
    if (auto done = epochs_.acknowledge(number); !done) return done;
  }
  for (const std::int64_t n : acknowledged_gaps_) {
    if (auto done = losses_.forget_gap(n); !done) return done;
  }
  staged_epochs_ = acknowledged_epochs_.size();
  staged_gaps_ = acknowledged_gaps_.size();
  return store_anchor();
}

Result<void> Session::store_lane(Lane& lane) {
  const std::int64_t cursor = lane.settled.cursor();
  LaneRecord staged = lane.staged.value_or(lane.record);
  if (cursor > staged.cursor) {
    const auto total = lane.rows.total_bytes_below_next(cursor);
    if (!total) return tl::unexpected<Error>(total.error());
    staged.cursor = cursor;
    staged.cursor_bytes = total->value_or(lane.durable.total_bytes);
    if (auto done = lane_table_.set_cursor(staged.lane, staged.cursor, staged.cursor_bytes); !done)
      return done;
    if (losses_.any_failures()) {
      if (auto done = losses_.forget_failures(staged.lane, cursor); !done) return done;
    }
  }
  const std::int64_t purge_to =
      std::min(staged.cursor, lane.low_seq + static_cast<std::int64_t>(limits::kPurgeRowsMax) - 1);
  if (purge_to >= lane.low_seq) {
    if (auto done = lane.rows.erase(lane.low_seq, purge_to); !done) return done;
    lane.staged_low_seq = purge_to + 1;
  }
  lane.staged = staged;
  return {};
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

Result<Fetched> Session::fetch(LaneNumber number, std::int64_t after_seq, std::size_t events_max,
                               std::size_t bytes_max) {
  Lane* lane = find(number);
  HOLDFAST_CHECK(lane != nullptr && !in_transaction());
  Fetched fetched;
  fetched.end_seq = std::max(after_seq, lane->settled.cursor());
  const std::int64_t span_end = lane->settled.cursor() + static_cast<std::int64_t>(limits::kSpanMax);
  std::size_t bytes = 0;
  bool at_end = true;
  const auto take = [&](ReadRow row) {
    StoredEvent& event = row.event;
    if (event.seq > span_end) return at_end = false;
    if (lane->settled.contains(event.seq)) {
      fetched.end_seq = event.seq;
      return true;
    }
    bytes += event.data.size();
    const bool has_room = fetched.events.empty() || bytes <= bytes_max;
    if (!has_room || fetched.events.size() >= events_max) {
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
  // The highest events may have no rows: they are in quarantine, and settled.
  if (at_end) fetched.end_seq = std::max(fetched.end_seq, lane->durable.last_seq);
  lane->pinned_to = std::max(lane->pinned_to, fetched.damaged_seq.value_or(fetched.end_seq));
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
  auto gaps = losses_.gaps();
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  for (GapRow& gap : *gaps) {
    if (full()) break;
    const Lane* lane = find(gap.lane);
    const auto epoch = epochs_.find(gap.epoch_number);
    if (lane == nullptr || !epoch)
      return fail(ErrorCode::corrupt, "read hf_gap", "it names an unknown lane or epoch");
    if (!waits(acknowledged_gaps_, gap.n)) continue;
    GapRecord record{.id = epoch->text() + '-' + lane->record.name + "-gap-" + std::to_string(gap.n),
                     .epoch = *epoch,
                     .lane = lane->record.name,
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
  HOLDFAST_CHECK(lane != nullptr && seq <= lane->pinned_to);
  lane->settled.settle(seq);
}

void Session::settle_control(std::int64_t row, bool is_gap) {
  (is_gap ? acknowledged_gaps_ : acknowledged_epochs_).push_back(row);
}

void Session::release_pins() {
  for (Lane& lane : lanes_) lane.pinned_to = lane.settled.cursor();
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

Result<bool> Session::quarantine(const RefusalNote& note, std::string_view gap_reason) {
  Lane* lane = find(note.lane);
  HOLDFAST_CHECK(lane != nullptr);
  if (losses_.quarantined() >= static_cast<std::int64_t>(limits::kQuarantineRowsMax)) return false;
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
  done = losses_.quarantine(connection_, note);
  if (done) done = lane->rows.erase(note.seq, note.seq);
  if (done) done = losses_.add_gap(*gap);
  if (done) done = lane_table_.add_lost(note.lane, 1);
  if (!done) return tl::unexpected<Error>(done.error());
  lane->staged = lane->staged.value_or(lane->record);
  ++lane->staged->lost_events;
  return true;
}

}  // namespace holdfast::store
