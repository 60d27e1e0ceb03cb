// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <holdfast/check.hpp>

namespace holdfast::store::test {
namespace {

bool covered(const std::vector<GapRecord>& gaps, std::int64_t seq) {
  return std::any_of(gaps.begin(), gaps.end(),
                     [&](const GapRecord& gap) { return gap.first <= seq && seq <= gap.last; });
}

std::int64_t missing_of(const std::vector<GapRecord>& gaps) {
  std::int64_t missing = 0;
  for (const GapRecord& gap : gaps) missing += gap.missing;
  return missing;
}

std::map<std::int64_t, StoredEvent> backlog_of(Device& device, LaneNumber lane) {
  std::map<std::int64_t, StoredEvent> all;
  for (Fetched f = device.fetch(lane); !f.events.empty(); f = device.fetch(lane, f.end_seq)) {
    for (StoredEvent& e : f.events) all.emplace(e.seq, std::move(e));
  }
  device.store->release_pins();
  return all;
}

std::vector<GapRecord> gaps_of(Device& device, std::string_view lane) {
  std::vector<GapRecord> gaps;
  const auto records = device.store->control_records();
  HOLDFAST_CHECK(records.has_value());
  for (const ControlRecord& record : *records) {
    const auto* gap = std::get_if<GapRecord>(&record.record);
    if (gap != nullptr && gap->lane == lane) gaps.push_back(*gap);
  }
  return gaps;
}

}  // namespace

WriteResult Ledger::write(std::string_view lane, std::size_t count, std::size_t bytes) {
  std::vector<std::string> data;
  for (std::size_t i = 0; i < count; ++i) {
    data.push_back("event " + std::to_string(++written_));
    data.back().resize(std::max(bytes, data.back().size()), '.');
  }
  WriteResult result = device_.write([&](Transaction& t) -> Result<void> {
    for (const std::string& one : data) {
      if (auto id = t.add(event(lane, one)); !id) return tl::unexpected<Error>(id.error());
    }
    return {};
  });
  if (!result) return result;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(told_.emplace(result->events.at(i).text(), data[i]).second) << "an id names two events";
  }
  keep_house();
  return result;
}

void Ledger::acknowledge(LaneNumber lane, std::size_t count) {
  const Fetched fetched = device_.fetch(lane, 0, count);
  for (const StoredEvent& e : fetched.events) {
    device_.store->settle(lane, e.seq);
    acknowledged_[lane].insert(e.seq);
  }
  device_.store->release_pins();
  EXPECT_EQ(outcome(device_.store->store_settled(true)), "ok");
  keep_house();
}

bool Ledger::quarantine_oldest(LaneNumber lane) {
  const Fetched fetched = device_.fetch(lane, 0, 1);
  const bool done =
      !fetched.events.empty() &&
      device_.store->quarantine({lane, fetched.events[0].seq, 0x99, "payload format invalid", {}});
  device_.store->release_pins();
  keep_house();
  return done;
}

// What the store's thread does after each turn.
void Ledger::keep_house() {
  device_.store->checkpoint_if_due();
  (void)device_.store->keep_house();  // a full disk may refuse to let it grow
}

std::map<std::int64_t, StoredEvent> Ledger::backlog(LaneNumber lane) { return backlog_of(device_, lane); }

std::vector<GapRecord> Ledger::gaps(std::string_view lane) { return gaps_of(device_, lane); }

void Ledger::expect_all_accounted_for() {
  expect_accounted_for(kAlarm, "alarm");
  expect_accounted_for(kTelemetry, "telemetry");
}

void Ledger::expect_accounted_for(LaneNumber lane, std::string_view name) {
  SCOPED_TRACE(name);
  const auto there = backlog(lane);
  const auto gaps = this->gaps(name);
  const std::int64_t committed = device_.lane(name).committed_seq;
  for (const auto& [seq, stored] : there) {
    const auto told = told_.find(EventId{stored.epoch, std::string(name), seq}.text());
    if (told == told_.end()) continue;  // committed, but its writer died before it was told
    EXPECT_EQ(text(stored.data), told->second) << seq;
  }
  std::int64_t missing = 0;
  for (std::int64_t seq = 1; seq <= committed; ++seq) {
    if (there.contains(seq) || acknowledged_[lane].contains(seq)) continue;
    ++missing;
    EXPECT_TRUE(covered(gaps, seq)) << seq << " vanished";
  }
  EXPECT_EQ(missing_of(gaps), missing);
  EXPECT_EQ(device_.lane(name).lost_events_ever, missing);
  const std::string prefix = '-' + std::string(name) + '-';
  const auto told = std::count_if(told_.begin(), told_.end(), [&](const auto& one) {
    return one.first.find(prefix) != std::string::npos;
  });
  EXPECT_GE(committed, told);
}

void expect_declared(Device& device, LaneNumber lane, std::string_view name) {
  SCOPED_TRACE(name);
  const LaneStatistics statistics = device.lane(name);
  const auto there = backlog_of(device, lane);
  const auto gaps = gaps_of(device, name);
  for (std::int64_t seq = statistics.settled_seq + 1; seq <= statistics.committed_seq; ++seq) {
    EXPECT_TRUE(there.contains(seq) || covered(gaps, seq)) << seq << " vanished";
  }
  EXPECT_EQ(missing_of(gaps), statistics.lost_events_ever);
  EXPECT_EQ(static_cast<std::int64_t>(there.size()), statistics.backlog_events);
}

}  // namespace holdfast::store::test
