// SPDX-License-Identifier: MIT
#include "prove/crash/oracle.hpp"

#include <algorithm>

#include "prove/crash/rig.hpp"

namespace holdfast::prove {
namespace {

std::string name(std::size_t lane, std::int64_t seq) {
  return std::string(kLaneNames[lane]) + " " + std::to_string(seq);
}

std::string text(const Ends& ends) {
  std::string all;
  for (std::size_t lane = 0; lane < kLanes; ++lane) all += (lane > 0 ? ", " : "") + name(lane, ends[lane]);
  return all;
}

class Judge {
 public:
  Judge(const Observation& seen, const Ledger& told, std::size_t point)
      : seen_(seen), told_(told), point_(point) {}

  Verdict run() {
    if (!seen_.refused.empty()) {
      complain("G9", "it does not open: " + seen_.refused);
      return verdict_;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) ends_[lane] = seen_.lanes[lane].committed;
    if (find_world()) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        look_at_pending(lane);
        look_for_lost(lane);
        look_at_cursor(lane);
      }
      look_at_next();
    }
    look_at_store();
    return verdict_;
  }

 private:
  void complain(const char* guarantee, const std::string& what) {
    constexpr std::size_t kComplaintsMax = 20;
    if (verdict_.complaints.size() < kComplaintsMax)
      verdict_.complaints.push_back(std::string(guarantee) + ": " + what);
  }

  // Which of the writes in progress are there: the one answer that explains both events and state.
  bool find_world() {
    const Step* step = told_.in_progress(point_);
    const std::size_t most = step != nullptr ? step->writes.size() : 0;
    verdict_.any_in_progress = most > 0;
    const bool whole = step == nullptr || step->one_commit;
    for (std::size_t writes = 0; writes <= most; writes += whole ? std::max<std::size_t>(most, 1) : 1) {
      Ends ends{};
      State state;
      told_.world_at(point_, writes, ends, state);
      if (ends != ends_ || state != seen_.state) continue;
      verdict_.writes = writes;
      return true;
    }
    explain(most);
    return false;
  }

  void explain(std::size_t most) {
    Ends least{};
    Ends last{};
    State before;
    State after;
    told_.world_at(point_, 0, least, before);
    told_.world_at(point_, most, last, after);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (ends_[lane] < least[lane])
        complain("G2", "written and told durable, but not there: " + name(lane, ends_[lane] + 1) + " to " +
                           std::to_string(least[lane]));
      if (ends_[lane] > last[lane])
        complain("G1", "there, but never committed: " + name(lane, last[lane] + 1) + " to " +
                           std::to_string(ends_[lane]));
    }
    if (!verdict_.complaints.empty()) return;
    if (ends_ == least && seen_.state != before)
      complain("G1", "the state is not that of its events (" + text(ends_) + ")");
    else
      complain("G1", "a part of a write is there: events up to " + text(ends_) + "; before it " +
                         text(least) + ", after it " + text(last));
  }

  void look_at_pending(std::size_t lane) {
    std::int64_t before = 0;
    const auto& all = told_.events[lane];
    for (const ToldEvent& event : seen_.lanes[lane].pending) {
      if (event.seq <= before)
        complain("G5", name(lane, event.seq) + " comes after " + std::to_string(before));
      before = std::max(before, event.seq);
      if (event.seq < 1 || event.seq > ends_[lane] || static_cast<std::size_t>(event.seq) > all.size()) {
        complain("G1", name(lane, event.seq) + " is pending and was never committed");
      } else if (!(event == all[static_cast<std::size_t>(event.seq - 1)])) {
        complain("G4", name(lane, event.seq) + " is not the event that got this id");
      }
      if (is_lost_for_certain(lane, event.seq))
        complain("G3", name(lane, event.seq) + " was declared lost and is pending");
    }
    if (seen_.lanes[lane].backlog != static_cast<std::int64_t>(seen_.lanes[lane].pending.size()))
      complain("G3", std::string(kLaneNames[lane]) + " counts " + std::to_string(seen_.lanes[lane].backlog) +
                         " events that wait, and hands out " +
                         std::to_string(seen_.lanes[lane].pending.size()));
  }

  static bool covers(const GapRecord& gap, std::size_t lane, std::int64_t seq) {
    return gap.lane == kLaneNames[lane] && gap.first <= seq && seq <= gap.last;
  }
  static bool is_dense(const GapRecord& gap) { return gap.missing == gap.last - gap.first + 1; }

  bool is_lost_for_certain(std::size_t lane, std::int64_t seq) const {
    const auto says = [&](const GapRecord& gap) { return is_dense(gap) && covers(gap, lane, seq); };
    if (std::any_of(seen_.gaps.begin(), seen_.gaps.end(), says)) return true;
    if (std::any_of(told_.declared.begin(), told_.declared.end(),
                    [&](const auto& d) { return d.at <= point_ && says(d.record); }))
      return true;
    return std::any_of(told_.quarantined.begin(), told_.quarantined.end(),
                       [&](const auto& q) { return q.lane == lane && q.seq == seq && q.end <= point_; });
  }

  void look_for_lost(std::size_t lane) {
    std::vector<bool> accounted(static_cast<std::size_t>(ends_[lane]) + 1);
    const auto mark = [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t seq = std::max<std::int64_t>(first, 1); seq <= std::min(last, ends_[lane]); ++seq)
        accounted[static_cast<std::size_t>(seq)] = true;
    };
    for (const ToldEvent& event : seen_.lanes[lane].pending) mark(event.seq, event.seq);
    for (const std::int64_t seq : seen_.lanes[lane].quarantined) mark(seq, seq);
    for (const auto& done : told_.acknowledged) {
      if (done.lane == lane && done.at <= point_) mark(done.seq, done.seq);
    }
    for (const GapRecord& gap : seen_.gaps) {
      if (gap.lane == kLaneNames[lane]) mark(gap.first, gap.last);
    }
    for (const auto& declared : told_.declared) {
      if (declared.at <= point_ && declared.record.lane == kLaneNames[lane])
        mark(declared.record.first, declared.record.last);
    }
    for (std::int64_t seq = 1; seq <= ends_[lane]; ++seq) {
      if (!accounted[static_cast<std::size_t>(seq)])
        complain("G3", name(lane, seq) + " is neither pending nor acknowledged nor declared");
    }
    const auto& listed = seen_.lanes[lane].quarantined;
    for (const auto& event : told_.quarantined) {
      const bool discarded = event.discarded_before || event.discarded < point_;
      if (event.lane != lane || event.end > point_ || discarded) continue;
      if (std::find(listed.begin(), listed.end(), event.seq) == listed.end())
        complain("G2", name(lane, event.seq) + " was quarantined and is not in the quarantine");
    }
  }

  void look_at_cursor(std::size_t lane) {
    for (const auto& cursor : told_.cursors) {
      if (cursor.lane == lane && cursor.at <= point_ && seen_.lanes[lane].settled < cursor.seq)
        complain("G2", "acknowledgements of " + std::string(kLaneNames[lane]) + " up to " +
                           std::to_string(cursor.seq) + " were stored, and now end at " +
                           std::to_string(seen_.lanes[lane].settled));
    }
  }

  void look_at_next() {
    if (seen_.next.events.empty()) return;  // a finding says so
    const ToldEvent& next = seen_.next.events.front();
    if (next.seq != ends_[next.lane] + 1)
      complain("G4", "the next event after " + name(next.lane, ends_[next.lane]) + " is " +
                         std::to_string(next.seq));
    if (told_.epochs.contains(next.epoch)) complain("G4", "an epoch came again: " + next.epoch.text());
    const auto record = std::find_if(seen_.epochs.begin(), seen_.epochs.end(),
                                     [&](const EpochRecord& r) { return r.epoch == next.epoch; });
    if (record == seen_.epochs.end()) return complain("G4", "the new epoch is not announced");
    const bool any = std::any_of(ends_.begin(), ends_.end(), [](std::int64_t end) { return end > 0; });
    if (any != record->parent.has_value() || (any && !is_newest(*record->parent)))
      complain("G4", "the new epoch names another parent");
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::int64_t said = 0;
      for (const LaneEnd& end : record->parent_ends) {
        if (end.lane == kLaneNames[lane]) said = end.last;
      }
      if (said != ends_[lane])
        complain("G4", "the new epoch says that its parent ended at " + name(lane, said) +
                           ", and it ended at " + std::to_string(ends_[lane]));
    }
  }

  // Of the last events of all lanes one is the newest.
  bool is_newest(Epoch epoch) const {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (ends_[lane] > 0 && told_.events[lane][static_cast<std::size_t>(ends_[lane] - 1)].epoch == epoch)
        return true;
    }
    return false;
  }

  void look_at_store() {
    if (!seen_.warning.empty()) complain("G9", seen_.warning);
    if (seen_.rows_damaged > 0) complain("G9", std::to_string(seen_.rows_damaged) + " rows are damaged");
    for (const std::string& finding : seen_.findings) complain("G9", finding);
    if (seen_.file_bytes > told_.budget_bytes)
      complain("G6", std::to_string(seen_.file_bytes) + " bytes of files, and a budget of " +
                         std::to_string(told_.budget_bytes));
  }

  const Observation& seen_;
  const Ledger& told_;
  std::size_t point_;
  Ends ends_{};
  Verdict verdict_;
};

}  // namespace

Verdict judge(const Observation& seen, const Ledger& told, std::size_t point) {
  return Judge(seen, told, point).run();
}

}  // namespace holdfast::prove
