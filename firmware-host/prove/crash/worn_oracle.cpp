// SPDX-License-Identifier: MIT
#include "prove/crash/worn_oracle.hpp"

#include <algorithm>
#include <set>

#include "wire/records.hpp"

namespace holdfast::prove {
namespace {

constexpr std::size_t kComplaintsMax = 20;

std::string name(std::size_t lane, std::int64_t seq) {
  return std::string(kLaneNames[lane]) + " " + std::to_string(seq);
}

using Seqs = std::array<std::set<std::int64_t>, kLanes>;

void declare(Seqs& seqs, const GapRecord& gap, std::int64_t end) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (gap.lane != kLaneNames[lane]) continue;
    for (std::int64_t seq = std::max<std::int64_t>(gap.first, 1); seq <= std::min(gap.last, end); ++seq)
      seqs[lane].insert(seq);
  }
}

Seqs arrived_before(const std::vector<Arrival>& arrivals, std::size_t point) {
  Seqs had;
  for (const Arrival& arrival : arrivals) {
    if (arrival.at > point) break;
    if (const auto event = told_event(arrival.event)) had[event->lane].insert(event->seq);
  }
  return had;
}

std::vector<GapRecord> declared_before(const std::vector<Arrival>& arrivals, std::size_t point) {
  std::vector<GapRecord> gaps;
  for (const Arrival& arrival : arrivals) {
    if (arrival.at > point) break;
    if (arrival.event.type != kGapType) continue;
    if (auto gap = wire::read_gap(arrival.event)) gaps.push_back(std::move(*gap));
  }
  return gaps;
}

class WornJudge {
 public:
  WornJudge(const WornObservation& seen, const Ledger& told, const std::vector<Arrival>& arrivals,
            std::size_t point)
      : seen_(seen),
        told_(told),
        point_(point),
        had_(arrived_before(arrivals, point)),
        had_gaps_(declared_before(arrivals, point)) {}

  WornVerdict run() {
    const Step* step = told_.in_progress(point_);
    verdict_.any_in_progress = step != nullptr && !step->writes.empty();
    told_.world_at(point_, 0, least_, state_);
    State after;
    told_.world_at(point_, step != nullptr ? step->writes.size() : 0, most_, after);
    if (!seen_.last.refused.empty()) {
      verdict_.outcome = Outcome::refused;
      if (seen_.refused_and_changed)
        complain("G9", "it is refused, and files of it went: " + seen_.last.refused);
      return std::move(verdict_);
    }
    look_at_last_opening();
    for (const ToldEvent& event : seen_.shown) look_at_event(event, "is handed out");
    find_stated_ends();
    for (std::size_t lane = 0; lane < kLanes; ++lane) look_for_lost(lane);
    look_at_next();
    if (seen_.drain) look_at_consumer();
    conclude();
    return std::move(verdict_);
  }

 private:
  void complain(const char* guarantee, const std::string& what) {
    if (verdict_.complaints.size() < kComplaintsMax)
      verdict_.complaints.push_back(std::string(guarantee) + ": " + what);
  }

  void look_at_last_opening() {
    for (const std::string& finding : seen_.last.findings)
      if (!is_of_check(finding))
        complain("G9", "after " + std::to_string(seen_.openings) + " openings: " + finding);
    if (seen_.last.mended) complain("G9", "it is set aside again and again");
  }

  bool is_own(const ToldEvent& event) const {
    return std::any_of(seen_.written.begin(), seen_.written.end(), [&](const ToldWrite& write) {
      return std::find(write.events.begin(), write.events.end(), event) != write.events.end();
    });
  }

  void look_at_event(const ToldEvent& event, const std::string& how) {
    if (is_own(event)) return;
    const auto& all = told_.events[event.lane];
    if (event.seq < 1 || event.seq > most_[event.lane] || static_cast<std::size_t>(event.seq) > all.size())
      return complain("G1", name(event.lane, event.seq) + ' ' + how + " and was never committed");
    const ToldEvent& told = all[static_cast<std::size_t>(event.seq - 1)];
    if (!(event == told))
      complain("G4", name(event.lane, event.seq) + ' ' + how + " and is not the event that got this id");
  }

  // What the first epoch after the damage says of the last one before it. Without one, nothing was written since, and the
  // store says how far it comes.
  void find_stated_ends() {
    bool any = false;
    for (const EpochRecord& record : seen_.epochs) {
      const bool is_new = !told_.epochs.contains(record.epoch);
      if (!is_new || (record.parent && !told_.epochs.contains(*record.parent))) continue;
      any = true;
      for (const LaneEnd& end : record.parent_ends) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          if (end.lane == kLaneNames[lane]) stated_[lane] = std::max(stated_[lane], end.last);
        }
      }
    }
    for (std::size_t lane = 0; !any && lane < kLanes; ++lane)
      stated_[lane] = seen_.last.lanes[lane].committed;
  }

  void look_for_lost(std::size_t lane) {
    Seqs accounted = had_;
    for (const GapRecord& gap : had_gaps_) declare(accounted, gap, most_[lane]);
    for (const ToldEvent& event : seen_.last.lanes[lane].pending) accounted[lane].insert(event.seq);
    for (const ToldEvent& event : seen_.acknowledged) accounted[event.lane].insert(event.seq);
    for (const std::int64_t seq : seen_.last.lanes[lane].quarantined) accounted[lane].insert(seq);
    for (const auto& done : told_.acknowledged) {
      if (done.at <= point_) accounted[done.lane].insert(done.seq);
    }
    for (const auto& declared : told_.declared) {
      if (declared.at <= point_) declare(accounted, declared.record, most_[lane]);
    }
    for (const GapRecord& gap : seen_.last.gaps) declare(accounted, gap, most_[lane]);
    if (seen_.drain) {
      for (const auto& event : seen_.drain->events) accounted[event.told.lane].insert(event.told.seq);
      for (const GapRecord& gap : seen_.drain->gaps) declare(accounted, gap, most_[lane]);
      for (const MissingRange& range : seen_.drain->missing) find_missing(range, accounted);
    }
    for (std::int64_t seq = 1; seq <= least_[lane]; ++seq) {
      if (accounted[lane].contains(seq)) continue;
      if (seq > stated_[lane])
        went_back_ = true;
      else if (!seen_.drain)
        verdict_.needs_consumer = true;
      else
        complain("G3", name(lane, seq) + " was lost silently: it is below the stated end " +
                           std::to_string(stated_[lane]) + ", and nothing tells of it");
    }
  }

  // The consumer has seen that they are not there, and can ask for them.
  void find_missing(const MissingRange& range, Seqs& accounted) const {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!range.source.ends_with('/' + std::string(kLaneNames[lane])) || !told_.epochs.contains(range.epoch))
        continue;
      for (std::int64_t seq = range.first; seq <= range.last; ++seq) accounted[lane].insert(seq);
    }
  }

  void look_at_next() {
    if (seen_.written.empty()) return;  // a finding says so
    for (const ToldWrite& write : seen_.written) {
      for (const ToldEvent& event : write.events) {
        if (told_.epochs.contains(event.epoch)) complain("G4", "an epoch came again: " + event.epoch.text());
      }
    }
    const ToldEvent& next = seen_.written.back().events.front();
    const bool is_announced = std::any_of(seen_.epochs.begin(), seen_.epochs.end(),
                                          [&](const auto& record) { return record.epoch == next.epoch; });
    if (!is_announced) complain("G4", "the new epoch is not announced");
  }

  void look_at_consumer() {
    const DrainObservation& drain = *seen_.drain;
    for (const std::string& finding : drain.findings) {
      // An epoch record that is damaged where it lies has no checksum: the inbox refuses what contradicts itself.
      const bool is_of_epoch =
          finding.starts_with("the inbox rejects ") && finding.find("-epoch: ") != std::string::npos;
      if (!is_of_epoch) complain("G8", finding);
    }
    if (!drain.drained) complain("G9", "the relay cannot drain it");
    std::set<std::pair<Epoch, std::pair<std::size_t, std::int64_t>>> applied;
    for (const auto& event : drain.events) {
      look_at_event(event.told, "is delivered");
      if (event.outcome != Applied::applied) continue;
      const bool is_old = !is_own(event.told) && had_[event.told.lane].contains(event.told.seq);
      const bool is_new = applied.insert({event.told.epoch, {event.told.lane, event.told.seq}}).second;
      if (is_old || !is_new) complain("G8", name(event.told.lane, event.told.seq) + " was applied twice");
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (had_[lane].empty() || *had_[lane].rbegin() <= stated_[lane]) continue;
      if (drain.rewinds.empty() && drain.missing.empty() && !seen_.written.empty())
        complain("G4", "the store went back to " + name(lane, stated_[lane]) + ", the consumer has " +
                           std::to_string(*had_[lane].rbegin()) + ", and does not notice");
    }
  }

  void conclude() {
    for (const auto& [key, value] : seen_.last.state) {
      if (key != "after" && !was_ever(key, value)) verdict_.state_differs = true;
    }
    const bool gaps = std::any_of(seen_.last.gaps.begin(), seen_.last.gaps.end(),
                                  [](const GapRecord& gap) { return gap.reason == "damaged"; });
    const bool told_gaps =
        seen_.drain && std::any_of(seen_.drain->gaps.begin(), seen_.drain->gaps.end(),
                                   [](const GapRecord& gap) { return gap.reason == "damaged"; });
    if (seen_.set_aside)
      verdict_.outcome = Outcome::set_aside;
    else if (gaps || told_gaps)
      verdict_.outcome = Outcome::declared;
    else if (!seen_.last.findings.empty())
      verdict_.outcome = Outcome::noticed;
    else if (went_back_)
      verdict_.outcome = Outcome::went_back;
  }

  bool was_ever(const std::string& key, std::uint64_t value) const {
    const auto writes_it = [&](const ToldWrite& write) {
      return std::any_of(write.state.begin(), write.state.end(), [&](const auto& put) {
        return put.first == key && put.second && *put.second == value;
      });
    };
    return std::any_of(told_.steps.begin(), told_.steps.end(), [&](const Step& step) {
      const auto before = step.state_before.find(key);
      return (before != step.state_before.end() && before->second == value) ||
             std::any_of(step.writes.begin(), step.writes.end(), writes_it);
    });
  }

  const WornObservation& seen_;
  const Ledger& told_;
  std::size_t point_;
  Seqs had_;  ///< by the consumer
  std::vector<GapRecord> had_gaps_;
  Ends least_{};
  Ends most_{};
  State state_;
  Ends stated_{};
  bool went_back_ = false;
  WornVerdict verdict_;
};

}  // namespace

WornVerdict judge_worn(const WornObservation& seen, const Ledger& told, const std::vector<Arrival>& arrivals,
                       std::size_t point) {
  return WornJudge(seen, told, arrivals, point).run();
}

std::vector<std::string> judge_drain(const DrainObservation& seen, const Ledger& told,
                                     const std::vector<Arrival>& arrivals, std::size_t point,
                                     std::size_t writes) {
  std::vector<std::string> complaints = seen.findings;
  for (std::string& complaint : complaints) complaint = "G8: " + complaint;
  const auto complain = [&](const std::string& what) {
    if (complaints.size() < kComplaintsMax) complaints.push_back(what);
  };
  const Seqs had = arrived_before(arrivals, point);
  Ends ends{};
  State state;
  told.world_at(point, writes, ends, state);
  Seqs applied = had;
  std::array<std::int64_t, kLanes> before{};
  for (const auto& [event, outcome] : seen.events) {
    const std::string who = name(event.lane, event.seq);
    if (event.seq <= before[event.lane]) complain("G5: " + who + " was overtaken on its way to the consumer");
    before[event.lane] = event.seq;
    if (event.seq > ends[event.lane]) continue;  // written after the cut
    if (!(event == told.events[event.lane][static_cast<std::size_t>(event.seq - 1)]))
      complain("G4: " + who + " is delivered and is not the event that got this id");
    const bool is_new = applied[event.lane].insert(event.seq).second;
    if (is_new != (outcome == Applied::applied))
      complain("G8: " + who + (is_new ? " is new, and the inbox calls it " : " was applied, and now it is ") +
               std::string(to_string(outcome)));
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (const GapRecord& gap : seen.gaps) declare(applied, gap, ends[lane]);
    for (const auto& declared : told.declared) {
      if (declared.at <= point) declare(applied, declared.record, ends[lane]);
    }
    for (std::int64_t seq = 1; seq <= ends[lane]; ++seq) {
      if (!applied[lane].contains(seq)) complain("G3: " + name(lane, seq) + " never reached the consumer");
    }
  }
  if (!seen.drained) complain("G9: the relay cannot drain it");
  for (const MissingRange& range : seen.missing)
    complain("G3: the inbox misses " + range.source + ' ' + std::to_string(range.first) + " to " +
             std::to_string(range.last));
  for (const Rewind& rewind : seen.rewinds) complain("G4: the inbox reports a rewind: " + rewind.what);
  return complaints;
}

}  // namespace holdfast::prove
