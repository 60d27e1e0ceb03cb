// SPDX-License-Identifier: MIT
#include "live/e2e/world.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <thread>

#include <gtest/gtest.h>

namespace holdfast::e2e {
namespace {

constexpr auto kStopPatience = 15s;  // Link::drop() says about 10 s

std::size_t count_of(const std::string& needle, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(needle); at != std::string::npos; at = text.find(needle, at + 1)) ++count;
  return count;
}

}  // namespace

bool eventually(const std::function<bool()>& done, std::chrono::seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

const platform::LinuxPlatform& board() {
  static const platform::LinuxPlatform instance;
  return instance;
}

Instant in(Duration time) { return board().clock().now() + time; }

// --- Device ---

Device::Device(const std::string& broker_url) {
  options.broker.url = broker_url;
  options.backoff_min = 20ms;
  options.backoff_max = 200ms;
  options.auth_backoff_min = 200ms;
}

void Device::open() {
  StoreOptions store;
  store.path = dir_ / "store.db";
  store.device = "device-1";
  store.lanes = {{"alarm", 0}, {"telemetry", 1}};
  store.budget_bytes = 8 * 1024 * 1024;
  store.retention_bytes = retention_bytes;
  outbox = Outbox::open(store, board().view()).value();
}

void Device::start_relay() {
  HOLDFAST_CHECK(outbox->start_relay(options, platform::make_linux_link()).has_value());
}

void Device::write(int events) {
  for (int i = 0; i < events; ++i) {
    const auto receipt = outbox->write([&](Transaction& t) -> Result<void> {
      const std::string value = std::to_string(i);
      if (auto put = t.put("last", bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
      return t
          .add({.lane = i % 2 == 0 ? "alarm" : "telemetry",
                .key = "sensor",
                .type = "com.example.reading.v1",
                .content_type = "application/json",
                .data = bytes_of(value)})
          .map([](const EventId&) {});
    });
    ASSERT_TRUE(receipt) << receipt.error().text();
    note(*receipt);
  }
}

void Device::note(const Receipt& receipt) {
  const std::lock_guard lock(mutex_);
  for (const EventId& id : receipt.events) EXPECT_TRUE(written_.insert(id.text()).second) << id.text();
}

std::set<std::string> Device::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

std::int64_t Device::backlog() const {
  std::int64_t events = 0;
  for (const LaneStatistics& lane : outbox->statistics().lanes) events += lane.backlog_events;
  return events;
}

// --- Backend ---

Backend::Backend(const std::string& broker_url) {
  options.broker.url = broker_url;
  options.broker.client_id = "backend";
  options.filters = {"holdfast/#"};
  options.backoff_min = 20ms;
  options.backoff_max = 200ms;
}

std::unique_ptr<Inbox> Backend::inbox() const {
  InboxOptions inbox_options;
  inbox_options.path = dir_ / "inbox.db";
  return Inbox::open(inbox_options, board().view()).value();
}

void Backend::start(const Mosquitto& broker) {
  const auto subscribed = [&] { return count_of("Sending SUBACK to backend", broker.log()); };
  const std::size_t before = subscribed();
  consumer = Consumer::start(
                 options, platform::make_linux_link(), inbox(),
                 [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; },
                 [this](const CloudEvent* event, const ApplyOutcome& outcome) { observe(event, outcome); },
                 board().view())
                 .value();
  HOLDFAST_CHECK(eventually([&] { return subscribed() > before; }));
}

void Backend::stop() {
  const auto begun = std::chrono::steady_clock::now();
  consumer->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kStopPatience);
  EXPECT_EQ(consumer->failure(), std::nullopt) << consumer->failure()->text();
  consumer.reset();
}

void Backend::observe(const CloudEvent* event, const ApplyOutcome& outcome) {
  ASSERT_NE(event, nullptr) << outcome.why;
  EXPECT_NE(outcome.outcome, Applied::rejected) << outcome.why;
  EXPECT_EQ(outcome.rewind, std::nullopt);
  if (outcome.outcome != Applied::applied) return;
  const std::lock_guard lock(mutex_);
  ++applied_[event->id];
  sequences_[event->source].push_back(*event->attribute("sequence"));
}

std::set<std::string> Backend::applied() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> ids;
  for (const auto& [id, times] : applied_) ids.insert(id);
  return ids;
}

bool Backend::applied_all(const Device& device) const {
  return eventually([&] { return applied() == device.written(); });
}

void Backend::expect_order_and_completeness() const {
  for (const auto& [source, sequences] : sequences_)
    EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end())) << source;
  expect_completeness();
}

void Backend::expect_completeness() const {
  ASSERT_EQ(consumer, nullptr);
  for (const auto& [id, times] : applied_) EXPECT_EQ(times, 1) << id;
  const auto looked_at = inbox();
  EXPECT_TRUE(looked_at->missing()->empty());
  EXPECT_TRUE(looked_at->rewinds()->empty());
}

}  // namespace holdfast::e2e
