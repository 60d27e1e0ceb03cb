// SPDX-License-Identifier: MIT
#include "prove/crash/observer.hpp"

#include <algorithm>

#include "store/store.hpp"

namespace holdfast::prove {
namespace {

constexpr int kRoundsMax = 1000;  // of anything that must come to an end here

class Observer {
 public:
  Observer(Rig& rig, const Look& look) : rig_(rig), look_(look), entropy_(look.seed) {
    clock_.advance(rig.clock.now() - clock_.now());
    clock_.set_wall(rig.clock.wall());
  }

  Observation run() {
    StoreOptions options = rig_.options(look_.variation);
    options.budget_bytes = look_.budget_bytes;
    options.path = look_.path;
    options.create = look_.create;
    auto opened = store::Store::open(options, {clock_, rig_.disk, entropy_, rig_.host});
    if (!opened) {
      seen_.refused = opened.error().text();
      return std::move(seen_);
    }
    store_ = std::move(*opened);
    if (look_.log != nullptr) seen_.opened_at = look_.log->operations.size();
    const std::string before = store_->statistics().warning;
    number_lanes();
    look_at_lanes();
    look_at_state();
    look_at_records();
    measure();
    write_on();
    if (look_.log != nullptr) seen_.wrote_at = look_.log->operations.size();
    if (look_.thorough) go_on();
    look_at_statistics();
    seen_.mended = seen_.warning != before;
    if (look_.thorough) close();
    measure();
    return std::move(seen_);
  }

 private:
  void complain(const std::string& what, const Error& error) {
    seen_.findings.push_back(what + ": " + error.text());
  }

  void number_lanes() {
    for (const store::LaneRecord& record : store_->lanes()) {
      const auto found = std::find(kLaneNames.begin(), kLaneNames.end(), record.options.name);
      if (found != kLaneNames.end())
        numbers_[static_cast<std::size_t>(found - kLaneNames.begin())] = record.lane;
    }
  }

  void look_at_lanes() {
    for (const store::Watermark& mark : store_->watermarks()) {
      for (std::size_t i = 0; i < kLanes; ++i) {
        if (numbers_[i] != mark.lane) continue;
        seen_.lanes[i].committed = mark.committed_seq;
        seen_.lanes[i].settled = mark.settled_seq;
        seen_.lanes[i].backlog = mark.backlog_events;
      }
    }
    for (std::size_t i = 0; i < kLanes; ++i) {
      fetch_all(i);
      list_quarantine(i);
    }
  }

  void fetch_all(std::size_t lane) {
    std::int64_t after = seen_.lanes[lane].settled;
    for (int round = 0; round < kRoundsMax; ++round) {
      auto fetched = store_->fetch({numbers_[lane], after, limits::kFetchEventsMax, limits::kFetchBytesMax});
      if (!fetched) return complain("fetch", fetched.error());
      for (const store::StoredEvent& event : fetched->events)
        seen_.lanes[lane].pending.push_back({lane, event.seq, event.epoch, digest(event.data)});
      if (!fetched->more) return;
      after = fetched->end_seq;
    }
  }

  void list_quarantine(std::size_t lane) {
    const auto page = store_->quarantined(kLaneNames[lane], 0, limits::kQuarantinePageMax);
    if (!page) return complain("list the quarantine", page.error());
    for (const QuarantinedEvent& event : page->events) seen_.lanes[lane].quarantined.push_back(event.id.seq);
  }

  void look_at_state() {
    const auto done = store_->read([&](const Reader& reader) -> Result<void> {
      const auto entries = reader.list({}, {}, limits::kListEntriesMax);
      if (!entries) return tl::unexpected<Error>(entries.error());
      for (const StateEntry& entry : *entries) seen_.state[entry.key] = digest(entry.value);
      return {};
    });
    if (!done) complain("read the state", done.error());
  }

  void look_at_records() {
    const auto records = store_->control_records();
    if (!records) return complain("fetch records", records.error());
    for (const store::ControlRecord& record : *records) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) seen_.gaps.push_back(*gap);
    }
  }

  void measure() {
    std::uint64_t bytes = 0;
    for (const auto& [name, file] : rig_.disk.image()) {
      if (name == look_.path || name == look_.path + "-wal") bytes += file->size();
    }
    seen_.file_bytes = std::max(seen_.file_bytes, bytes);
  }

  // As an application goes on. Under pressure there may be no room before the backlog has been delivered.
  void write_on() {
    auto receipt = write_once();
    if (!receipt && receipt.error().code == ErrorCode::full) {
      deliver();
      keep_house();  // a growing store grows there
      seen_.drained = true;
      receipt = write_once();
    }
    if (!receipt) return complain("write after the opening", receipt.error());
    const EventId& id = receipt->events.at(0);
    seen_.next.events = {{0, id.seq, id.epoch, digest(bytes_of(text_))}};
    seen_.next.state = {{"after", digest(bytes_of(text_))}};
    const auto records = store_->control_records();
    if (!records) return complain("fetch records", records.error());
    for (const store::ControlRecord& record : *records) {
      if (const auto* epoch = std::get_if<EpochRecord>(&record.record)) seen_.epochs.push_back(*epoch);
    }
  }

  WriteResult write_once() {
    text_ = "after the cut " + std::to_string(look_.seed);
    const WriteBody body = [&](Transaction& t) -> Result<void> {
      if (auto put = t.put("after", bytes_of(text_)); !put) return tl::unexpected<Error>(put.error());
      const auto id = t.add({.lane = kLaneNames[0],
                             .key = "sensor",
                             .type = "dev.holdfast.prove.v1",
                             .content_type = "text/plain",
                             .data = bytes_of(text_)});
      if (!id) return tl::unexpected<Error>(id.error());
      return {};
    };
    store::WriteJob job{.body = &body};
    store_->commit_group(std::span(&job, 1));
    return job.outcome;
  }

  /// Everything that waits: to the consumer, if there is one, else as if it had been acknowledged.
  void deliver() {
    if (look_.consumer != nullptr)
      look_.consumer->drain(*store_, clock_);
    else
      acknowledge_all();
  }

  void acknowledge_all() {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      for (const ToldEvent& event : seen_.lanes[lane].pending) store_->settle(numbers_[lane], event.seq);
    }
    std::size_t before = SIZE_MAX;
    for (int round = 0; round < kRoundsMax; ++round) {
      const auto waiting = store_->store_settled(true);
      if (!waiting) return complain("store acknowledgements", waiting.error());
      store_->checkpoint_if_due();
      if (*waiting == 0 || *waiting >= before) return;
      before = *waiting;
    }
  }

  void keep_house() {
    for (int round = 0; round < kRoundsMax; ++round) {
      const auto more = store_->keep_house();
      if (!more) return complain("keep house", more.error());
      if (!*more) return;
    }
  }

  void go_on() {
    deliver();
    keep_house();
    const auto report = store_->end_check();
    if (!report) return complain("check the file", report.error());
    for (const std::string& finding : report->findings) seen_.findings.push_back("check: " + finding);
  }

  void look_at_statistics() {
    const StoreStatistics statistics = store_->statistics();
    seen_.warning = statistics.warning;
    seen_.rows_damaged = statistics.rows_damaged;
    if (statistics.degraded) seen_.findings.emplace_back("the store is degraded");
  }

  void close() {
    const auto closed = store_->close();
    if (!closed) complain("close", closed.error());
  }

  Rig& rig_;
  const Look& look_;
  platform::sim::SeededEntropy entropy_;
  platform::sim::VirtualClock clock_;  // its own: what is done here must not age the images that come after
  Observation seen_;
  std::unique_ptr<store::Store> store_;
  std::array<store::LaneNumber, kLanes> numbers_{};
  std::string text_;

 public:
  void die() {
    rig_.disk.set_dead(true);
    store_.reset();
  }
};

}  // namespace

Observation observe_again(Rig& rig, const Look& look) {
  if (look.log != nullptr) rig.disk.record(*look.log);
  Observer observer(rig, look);
  Observation seen = observer.run();
  observer.die();
  rig.disk.stop_recording();
  rig.disk.set_dead(false);
  return seen;
}

Observation observe(Rig& rig, platform::sim::DiskImage image, const Look& look) {
  rig.disk.mount(std::move(image));
  Observation seen = observe_again(rig, look);
  rig.disk.mount({});
  return seen;
}

}  // namespace holdfast::prove
