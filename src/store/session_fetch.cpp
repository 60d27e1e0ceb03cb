// SPDX-License-Identifier: MIT
//
// The part of a session that hands out events and records.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "flow/time_resolution.hpp"
#include "store/session.hpp"

namespace holdfast::store {

// Fills in what the row names by number, and compares the checksum; false when the row is not what was
// written.
bool Session::complete(ReadRow& row) const {
  const auto epoch = epochs_.find(row.epoch_number);
  if (!epoch || !row.readable) return false;
  row.event.epoch = *epoch;
  row.event.of_this_boot = boot_ == row.boot;
  row.event.anchor = epochs_.anchor_of(row.boot);
  return crc_fits(row.event, row.crc);
}

namespace {

// The last seq up to which hulls explain all from `first` on. A hole over the border of two epochs has a hull in each.
template <class Hulls>
std::int64_t explained_to(const Hulls& hulls, std::int64_t first) {
  std::int64_t next = first;
  const auto reaches_on = [&](const auto& hull) { return hull.first <= next && hull.last >= next; };
  for (;;) {
    const auto hull = std::find_if(hulls.begin(), hulls.end(), reaches_on);
    if (hull == hulls.end()) return next - 1;
    next = hull->last + 1;
  }
}

}  // namespace

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
    if (explained_to(lane.hulls, first) < last) return std::optional(hole);
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
      // Seqs without rows may fill the span: explained, they let the cursor go on, or the lane would stand for ever.
      if (event.seq > expected) {
        absent.emplace_back(expected, event.seq - 1);
        fetched.end_seq = event.seq - 1;
        fetched.more = true;
      }
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

Result<std::vector<ControlRecord>> Session::control_records(bool announce) {
  std::vector<ControlRecord> records;
  auto epochs = epochs_.unacknowledged(limits::kControlRecordsMax + acknowledged_epochs_.size());
  if (!epochs) return tl::unexpected<Error>(epochs.error());
  const auto waits = [](const std::vector<std::int64_t>& settled, std::int64_t number) {
    return std::find(settled.begin(), settled.end(), number) == settled.end();
  };
  const auto full = [&] { return records.size() == limits::kControlRecordsMax; };
  for (EpochRecord& record : *epochs) {
    const std::int64_t number = as_integer(record.epoch);
    if (!full() && waits(acknowledged_epochs_, number)) records.push_back({number, std::move(record)});
  }
  if (announce) {
    if (auto done = announce_newest(records); !done) return tl::unexpected<Error>(done.error());
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

// Behind the unacknowledged ones, which are older, or the same.
Result<void> Session::announce_newest(std::vector<ControlRecord>& records) {
  const auto newest = epochs_.newest();
  const bool is_there = newest && std::any_of(records.begin(), records.end(), [&](const ControlRecord& each) {
                          return each.number == as_integer(newest->epoch);
                        });
  if (!newest || is_there || records.size() == limits::kControlRecordsMax) return {};
  auto record = epochs_.record_of(newest->number);
  if (!record) return tl::unexpected<Error>(record.error());
  if (!*record) return {};
  announced_again_ = as_integer(newest->epoch);
  records.push_back({*announced_again_, std::move(**record)});
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
