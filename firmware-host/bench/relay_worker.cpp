// SPDX-License-Identifier: MIT
// Our side of `holdfast bench relay`: an outbox with its relay, as a program of its own, so that each run has a
// memory of its own and each link can be measured.
//
//   relay_worker STORE URL 5|3.1.1 EVENTS SECONDS WRITES_PER_S POLL_MS SAMPLE_US
//
// Drains until EVENTS publishes are acknowledged (0: any number) or SECONDS have passed (0: any time), while it
// writes WRITES_PER_S events a second. Prints one JSON document on the last line; see outcome().
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>

#include "bench/figure.hpp"
#include "bench/store_load.hpp"
#include "bench/workplace.hpp"

namespace holdfast::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::chrono::seconds kConnectPatience{20};
constexpr std::uint64_t kWarmUpWrites = 8;
struct Work {
  std::string store;
  std::string url;
  bool v5 = true;
  std::uint64_t events = 0;
  std::chrono::seconds seconds{0};
  std::uint64_t writes_per_s = 0;
  std::chrono::milliseconds poll{0};
  std::chrono::microseconds sample{1000};
};

/// How many publishes the broker had acknowledged when.
struct Sample {
  Clock::time_point at;
  std::uint64_t acknowledged = 0;
};

/// A write of one event: when it began, and when it was durable.
struct Written {
  Clock::time_point begun;
  Clock::time_point durable;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "relay_worker: {}\n", why);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): the store survives it
}

[[nodiscard]] double ms(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

[[nodiscard]] long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

[[nodiscard]] double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

class Worker {
 public:
  explicit Worker(const Work& work) : work_(work) {
    StoreOptions store;
    store.path = work.store;
    store.create = false;
    auto outbox = Outbox::open(store, platform_.view());
    if (!outbox) give_up(outbox.error().text());
    outbox_ = std::move(*outbox);
  }

  Json run();

 private:
  void start_relay();
  [[nodiscard]] RelayStatistics relay() const { return outbox_->statistics().relay; }
  void warm_up();
  void write_paced();
  void write_one_timed();
  void watch();
  [[nodiscard]] bool enough(std::uint64_t acknowledged) const;
  [[nodiscard]] Json outcome() const;
  [[nodiscard]] std::vector<double> ack_latencies() const;
  [[nodiscard]] Json per_second() const;

  Work work_;
  platform::LinuxPlatform platform_;
  std::unique_ptr<Outbox> outbox_;
  Clock::time_point connected_at_;
  std::uint64_t acknowledged_before_ = 0;
  std::uint64_t next_event_ = 0;
  std::vector<Sample> samples_;
  std::vector<Written> written_;
  long resident_kib_ = 0;
  std::atomic<bool> ending_{false};
};

void Worker::start_relay() {
  RelayOptions options;
  options.broker.url = work_.url;
  options.broker.version = work_.v5 ? MqttVersion::v5 : MqttVersion::v3_1_1;
  options.backoff_min = std::chrono::milliseconds(1);  // of the first connection: it is not measured
  options.presence = false;
  options.commands = false;
  options.poll_interval = work_.poll;
  if (auto started = outbox_->start_relay(options, platform::make_linux_link()); !started)
    give_up(started.error().text());
  const auto until = Clock::now() + kConnectPatience;
  while (relay().connects == 0) {
    if (Clock::now() > until) give_up("no connection: " + relay().last_error);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  connected_at_ = Clock::now();
}

// The first event of an opening brings an epoch record, which is acknowledged too: it must not count.
void Worker::warm_up() {
  for (std::uint64_t n = 0; n < kWarmUpWrites; ++n) write_one_timed();
  if (auto flushed = outbox_->flush(platform_.clock().now() + kConnectPatience); !flushed)
    give_up("the warm-up was not acknowledged");
  // The store hears of an acknowledgement before the relay's statistics show it.
  const auto counted = [](const RelayStatistics& told) {
    return told.acknowledged > kWarmUpWrites && told.in_flight_events == 0;
  };
  for (const auto until = Clock::now() + kConnectPatience; !counted(relay());) {
    if (Clock::now() > until) give_up("the warm-up was acknowledged, and not counted");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  written_.clear();
  connected_at_ = Clock::now();  // the span begins here
  acknowledged_before_ = relay().acknowledged;
}

void Worker::write_one_timed() {
  Written one{Clock::now(), {}};
  const auto done = outbox_->write([n = next_event_](Transaction& t) { return write_one(t, n); });
  if (!done) give_up(done.error().text());
  one.durable = Clock::now();
  written_.push_back(one);
  next_event_ += 1;
}

void Worker::write_paced() {
  const auto period = std::chrono::nanoseconds(1'000'000'000 / work_.writes_per_s);
  for (auto due = Clock::now(); !ending_; due += period) {
    std::this_thread::sleep_until(due);
    write_one_timed();
  }
}

bool Worker::enough(std::uint64_t acknowledged) const {
  if (work_.events != 0 && acknowledged >= work_.events) return true;
  return work_.seconds.count() != 0 && Clock::now() - connected_at_ >= work_.seconds;
}

void Worker::watch() {
  auto memory_due = Clock::now();
  for (;;) {
    const std::uint64_t acknowledged = relay().acknowledged - acknowledged_before_;
    if (samples_.empty() || samples_.back().acknowledged != acknowledged)
      samples_.push_back({Clock::now(), acknowledged});
    if (Clock::now() >= memory_due) {
      resident_kib_ = std::max(resident_kib_, resident_kib());
      memory_due += std::chrono::milliseconds(100);
    }
    if (enough(acknowledged)) return;
    std::this_thread::sleep_for(work_.sample);
  }
}

/// From the commit of an event to the first look that saw its acknowledgement; they come in order.
std::vector<double> Worker::ack_latencies() const {
  std::vector<double> latencies;
  auto seen = samples_.begin();
  for (std::size_t n = 0; n < written_.size(); ++n) {
    while (seen != samples_.end() && seen->acknowledged < n + 1) ++seen;
    if (seen == samples_.end()) break;
    latencies.push_back(std::max(0.0, ms(seen->at - written_[n].durable)));
  }
  return latencies;
}

/// For each whole second: acknowledgements in it, and how long its writes took.
Json Worker::per_second() const {
  Json seconds = Json::array();
  if (samples_.empty()) return seconds;
  std::uint64_t before = 0;
  auto sample = samples_.begin();
  for (auto from = connected_at_; from + std::chrono::seconds(1) <= samples_.back().at;
       from += std::chrono::seconds(1)) {
    const auto to = from + std::chrono::seconds(1);
    std::uint64_t until = before;
    for (; sample != samples_.end() && sample->at <= to; ++sample) until = sample->acknowledged;
    Json writes = Json::array();
    for (const Written& one : written_)
      if (one.begun >= from && one.begun < to) writes.push_back(ms(one.durable - one.begun));
    seconds.push_back({{"acknowledged", until - before}, {"write_ms", std::move(writes)}});
    before = until;
  }
  return seconds;
}

Json Worker::outcome() const {
  const Sample last = samples_.empty() ? Sample{connected_at_, 0} : samples_.back();
  const std::vector<double> latencies = ack_latencies();
  return {{"acknowledged", last.acknowledged},
          {"seconds", std::chrono::duration<double>(last.at - connected_at_).count()},
          {"resident_kib", resident_kib_},
          {"ack_ms_p50", percentile(latencies, 0.5)},
          {"ack_ms_p99", percentile(latencies, 0.99)},
          {"ack_samples", latencies.size()},
          {"window", outbox_->statistics().relay.window_events},
          {"per_second", work_.writes_per_s == 0 ? Json::array() : per_second()}};
}

Json Worker::run() {
  start_relay();
  if (work_.writes_per_s != 0 && outbox_->statistics().lanes.front().backlog_events == 0) warm_up();
  std::thread writer;
  if (work_.writes_per_s != 0) writer = std::thread([this] { write_paced(); });
  watch();
  ending_ = true;
  if (writer.joinable()) writer.join();
  Json result = outcome();
  if (auto closed = outbox_->close(); !closed) give_up(closed.error().text());
  return result;
}

}  // namespace
}  // namespace holdfast::bench

int main(int count, char** arguments) {
  using holdfast::bench::give_up;
  if (count != 9)
    give_up("usage: relay_worker STORE URL 5|3.1.1 EVENTS SECONDS WRITES_PER_S POLL_MS SAMPLE_US");
  const auto number = [&](int at) { return std::strtoull(arguments[at], nullptr, 10); };
  if (number(4) == 0 && number(5) == 0) give_up("EVENTS or SECONDS has to end it");
  holdfast::bench::Worker worker({.store = arguments[1],
                                  .url = arguments[2],
                                  .v5 = std::string(arguments[3]) == "5",
                                  .events = number(4),
                                  .seconds = std::chrono::seconds(number(5)),
                                  .writes_per_s = number(6),
                                  .poll = std::chrono::milliseconds(number(7)),
                                  .sample = std::chrono::microseconds(number(8))});
  fmt::print("{}\n", worker.run().dump());
}
