// SPDX-License-Identifier: MIT
//
// The part of a session that finds settled events again, and looks after the quarantine.
//
// What becomes of each seq that a replay asks for, in this order:
//
// | the seq                                                    | answer                                        |
// |------------------------------------------------------------|-----------------------------------------------|
// | has a row of the epoch asked for, and is settled           | the event, if it passes the filters           |
// | has such a row, and waits in the backlog                   | none: it comes by itself                      |
// | is declared by a gap record that is still here             | that record again, once it was acknowledged   |
// | is in quarantine                                           | a gap record, `quarantined`                   |
// | is above the last committed one of the newest epoch        | none: it does not exist yet                   |
// | is below where the epoch asked for began                   | none, but once the record of that epoch       |
// | anything else                                              | a gap record, `not_retained`                  |
//
// The last but one was asked by a consumer who never got that record. A seq above where an epoch ended is not told from
// one that was lost: the store may be an older copy, and the consumer knows better. When the question names no epoch, a
// seq without a row gets the epoch that the epoch records say; if that is not known any more, there is no answer. A
// question with filters is answered with events only.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "flow/time_resolution.hpp"
#include "store/session.hpp"

namespace holdfast::store {
namespace {

struct Span {
  std::int64_t first = 0;
  std::int64_t last = 0;
};
using Spans = std::vector<Span>;

/// Takes first..last out of the spans, which are sorted and disjoint.
Spans without(const Spans& spans, std::int64_t first, std::int64_t last) {
  Spans left;
  for (const Span& span : spans) {
    if (last < span.first || first > span.last) {
      left.push_back(span);
      continue;
    }
    if (span.first < first) left.push_back({span.first, first - 1});
    if (span.last > last) left.push_back({last + 1, span.last});
  }
  return left;
}

bool overlaps(const Spans& spans, std::int64_t first, std::int64_t last) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return span.first <= last && span.last >= first; });
}

}  // namespace

/// The seqs that have no row to send, on their way to an explanation.
class Session::Explainer {
 public:
  Explainer(Session& session, const ReplayQuestion& question, LaneNumber lane, ReplayPage& page)
      : session_(session), question_(question), lane_(lane), page_(page) {}

  Result<void> explain(Spans absent) {
    auto done = by_gaps(absent);
    if (done) done = by_quarantine(absent);
    if (done) done = by_retention(absent);
    return done;
  }

 private:
  [[nodiscard]] bool asked_for(Epoch epoch) const { return !question_.epoch || *question_.epoch == epoch; }

  Result<void> by_gaps(Spans& absent) {
    if (absent.empty()) return {};
    auto gaps = session_.losses_.gaps_above(lane_, absent.front().first - 1);
    if (!gaps) return tl::unexpected<Error>(gaps.error());
    for (GapRow& gap : *gaps) {
      const auto epoch = session_.epochs_.find(gap.epoch_number);
      if (!epoch || !asked_for(*epoch) || !overlaps(absent, gap.first_seq, gap.last_seq)) continue;
      absent = without(absent, gap.first_seq, gap.last_seq);
      if (gap.acknowledged) say(*epoch, gap);  // else it is on its way
    }
    return {};
  }

  Result<void> by_quarantine(Spans& absent) {
    if (absent.empty()) return {};
    const auto seqs = session_.quarantine_.seqs(lane_, absent.front().first, absent.back().last);
    if (!seqs) return tl::unexpected<Error>(seqs.error());
    std::vector<std::pair<Epoch, GapRow>> runs;  // neighbours go into one record
    for (const QuarantinedSeq& there : *seqs) {
      const auto epoch = session_.epochs_.find(there.epoch_number);
      if (!epoch || !asked_for(*epoch) || !overlaps(absent, there.seq, there.seq)) continue;
      absent = without(absent, there.seq, there.seq);
      const bool next =
          !runs.empty() && runs.back().first == *epoch && runs.back().second.last_seq + 1 == there.seq;
      if (!next)
        runs.emplace_back(*epoch, GapRow{0, 0, lane_, there.seq, there.seq, 0, 0, "quarantined", false});
      GapRow& run = runs.back().second;
      run.last_seq = there.seq;
      run.missing += 1;
      run.bytes += there.bytes;
    }
    for (const auto& [epoch, run] : runs) say(epoch, run);
    return {};
  }

  Result<void> by_retention(const Spans& absent) {
    if (absent.empty()) return {};
    if (question_.epoch) return by_retention_in(*question_.epoch, absent);
    const Lane* lane = session_.find(lane_);
    for (const Span& span : absent) {
      // Without an epoch, only what is settled for sure.
      const std::int64_t last = lane == nullptr ? span.last : std::min(span.last, lane->settled.cursor());
      const auto runs = session_.epochs_.runs(question_.lane, span.first, last);
      if (!runs) return tl::unexpected<Error>(runs.error());
      for (const auto& run : *runs) say_not_retained(run.epoch, run.first_seq, run.last_seq);
    }
    return {};
  }

  Result<void> by_retention_in(Epoch epoch, const Spans& absent) {
    const auto begin = session_.epochs_.begin_of(epoch, question_.lane);
    if (!begin) return tl::unexpected<Error>(begin.error());
    const std::int64_t first_seq = *begin ? (*begin)->first_seq : 1;
    if (*begin && absent.front().first < first_seq) {
      auto record = session_.epochs_.record_of((*begin)->number);
      if (!record) return tl::unexpected<Error>(record.error());
      page_.epoch = std::move(*record);
    }
    for (const Span& span : absent) {
      if (span.last >= first_seq) say_not_retained(epoch, std::max(span.first, first_seq), span.last);
    }
    return {};
  }

  void say_not_retained(Epoch epoch, std::int64_t first, std::int64_t last) {
    say(epoch, GapRow{0, 0, lane_, first, last, last - first + 1, 0, "not_retained", false});
  }

  void say(Epoch epoch, const GapRow& gap) {
    const std::int64_t n = gap.n != 0 ? gap.n : session_.losses_.new_number();
    page_.gone.push_back({.id = epoch.text() + '-' + question_.lane + "-gap-" + std::to_string(n),
                          .epoch = epoch,
                          .lane = question_.lane,
                          .first = gap.first_seq,
                          .last = gap.last_seq,
                          .missing = gap.missing,
                          .bytes = gap.bytes,
                          .reason = gap.reason});
  }

  Session& session_;
  const ReplayQuestion& question_;
  LaneNumber lane_;
  ReplayPage& page_;
};

bool Session::passes(const ReplayQuestion& question, const StoredEvent& event) const {
  if (!question.key.empty() && event.key != question.key) return false;
  if (!question.from && !question.before) return true;
  const auto time = flow::resolve_time({event.committed_at, event.of_this_boot, event.anchor},
                                       platform_.clock.now(), platform_.clock.wall());
  if (!time.utc || !time.synchronised) return false;
  return (!question.from || *time.utc >= *question.from) &&
         (!question.before || *time.utc < *question.before);
}

Result<ReplayPage> Session::replay(const ReplayQuestion& question) {
  HOLDFAST_CHECK(!in_transaction());
  ReplayPage page;
  page.end_seq = question.last_seq;
  Lane* lane = find(std::string_view(question.lane));
  const auto retired = std::find_if(retired_.begin(), retired_.end(), [&](const LaneRecord& record) {
    return record.options.name == question.lane;
  });
  if (lane == nullptr && retired == retired_.end()) return page;  // never heard of
  const LaneNumber number = lane == nullptr ? retired->lane : lane->record.lane;
  const std::int64_t committed = lane == nullptr ? retired->cursor : lane->durable.last_seq;
  const auto newest = epochs_.newest();
  const bool goes_on = !question.epoch || (newest && newest->epoch == *question.epoch);
  const std::int64_t last = goes_on ? std::min(question.last_seq, committed) : question.last_seq;

  Spans absent;
  if (lane != nullptr) {
    auto scanned = scan_settled(*lane, question, last, page, [&](std::int64_t from, std::int64_t to) {
      if (!absent.empty() && absent.back().last + 1 == from)
        absent.back().last = to;
      else
        absent.push_back({from, to});
    });
    if (!scanned) return tl::unexpected<Error>(scanned.error());
  } else if (question.after_seq < last) {
    absent.push_back({question.after_seq + 1, last});
  }
  const bool filtered = !question.key.empty() || question.from || question.before;
  if (filtered) return page;
  if (auto done = Explainer(*this, question, number, page).explain(std::move(absent)); !done)
    return tl::unexpected<Error>(done.error());
  return page;
}

// Rows above after_seq up to `last`; `absent` is told of what lies between them, and of rows that are no answer.
Result<void> Session::scan_settled(Lane& lane, const ReplayQuestion& question, std::int64_t last,
                                   ReplayPage& page,
                                   const std::function<void(std::int64_t, std::int64_t)>& absent) {
  std::int64_t expected = question.after_seq + 1;
  std::size_t bytes = 0;
  std::size_t rows = 0;
  std::size_t read = 0;  // of rows that pass no filter, too: the store is not held for longer than by a fetch
  const auto take = [&](ReadRow row) {
    StoredEvent& event = row.event;
    if (event.seq > last || event.seq < expected) return false;  // the latter: pages in a circle
    const bool full = page.events.size() >= kReplayEventsMax ||
                      (!page.events.empty() && bytes + event.data.size() > kReplayBytesMax);
    if (full || ++rows > kReplayRowsMax || read > limits::kFetchBytesMax) {
      page.more = true;
      return false;
    }
    read += event.data.size();
    if (event.seq > expected) absent(expected, event.seq - 1);
    expected = event.seq + 1;
    const bool sound = complete(row);
    const bool same_epoch = !question.epoch || (sound && event.epoch == *question.epoch);
    const bool settled = lane.settled.contains(event.seq);
    if (!same_epoch || (settled && !sound)) {
      absent(event.seq, event.seq);
    } else if (settled && passes(question, event)) {
      bytes += event.data.size();
      page.events.push_back(std::move(event));
    }
    return true;
  };
  if (auto done = lane.rows.scan(question.after_seq, kReplayRowsMax + 1, texts_, take); !done) return done;
  if (page.more) {
    page.end_seq = expected - 1;
  } else if (expected <= last) {
    absent(expected, last);
  }
  return {};
}

// --- the quarantine ---

Result<QuarantinePage> Session::quarantined(std::size_t lane_index, std::int64_t after_seq,
                                            std::size_t events_max) {
  const Lane& lane = lanes_.at(lane_index);
  const std::size_t most = std::clamp<std::size_t>(events_max, 1, limits::kQuarantinePageMax);
  auto rows = quarantine_.list(lane.record.lane, after_seq, most + 1, texts_);
  if (!rows) return tl::unexpected<Error>(rows.error());
  QuarantinePage page;
  page.end_seq = std::max<std::int64_t>(after_seq, 0);
  for (QuarantinedRow& row : *rows) {
    page.more = page.events.size() == most;
    if (page.more) break;
    row.event.id.epoch = epochs_.find(row.epoch_number).value_or(Epoch{});
    row.event.id.lane = lane.record.options.name;
    page.end_seq = row.event.id.seq;
    page.events.push_back(std::move(row.event));
  }
  return page;
}

Result<std::size_t> Session::requeue(std::size_t lane_index, std::int64_t first_seq, std::int64_t last_seq) {
  return quarantine_.requeue(lanes_.at(lane_index).record.lane, first_seq, last_seq, kQuarantineBlockRows);
}

Result<std::size_t> Session::discard(std::size_t lane_index, std::int64_t first_seq, std::int64_t last_seq) {
  auto gone =
      quarantine_.discard(lanes_.at(lane_index).record.lane, first_seq, last_seq, kQuarantineBlockRows);
  if (gone) losses_.count_released(static_cast<std::int64_t>(*gone));
  return gone;
}

Result<Session::Requeued> Session::requeued(const RequeuedPlace& after) {
  Requeued page;
  page.end = after;
  std::size_t bytes = 0;
  auto done = quarantine_.scan_requeued(after, texts_, [&](ReadRow row) {
    const RequeuedPlace place{row.event.lane, row.event.seq};
    const bool full = page.events.size() + page.unfit.size() >= kReplayEventsMax ||
                      (!page.events.empty() && bytes + row.event.data.size() > kReplayBytesMax);
    page.more = full;
    if (full) return false;
    page.end = place;
    const bool answered = std::find(acknowledged_requeued_.begin(), acknowledged_requeued_.end(), place) !=
                          acknowledged_requeued_.end();
    if (answered || find(place.lane) == nullptr) return true;  // to be stored; or its lane was removed
    if (!complete(row)) {
      page.unfit.push_back(place);
      return true;
    }
    bytes += row.event.data.size();
    page.events.push_back(std::move(row.event));
    return true;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return page;
}

void Session::settle_requeued(const RequeuedPlace& place) { acknowledged_requeued_.push_back(place); }

Result<void> Session::refuse_requeued(const RefusalNote& note) { return quarantine_.refuse(note); }

// With store_records(): in the caller's transaction.
Result<void> Session::store_requeued() {
  for (const RequeuedPlace& place : acknowledged_requeued_) {
    const auto gone = quarantine_.release(place);
    if (!gone) return tl::unexpected<Error>(gone.error());
    losses_.count_released(static_cast<std::int64_t>(*gone));
  }
  staged_requeued_ = acknowledged_requeued_.size();
  return {};
}

}  // namespace holdfast::store
