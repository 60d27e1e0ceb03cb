// SPDX-License-Identifier: MIT
//
// Several relays of one outbox, with their real threads. The claim journal: what each of them has published, in order.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "unit/relay/tap.hpp"
#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

constexpr std::size_t kRelays = 3;
constexpr int kKeys = 12;

struct Publish {
  std::size_t relay = 0;
  std::string id;
  std::string key;
};

bool is_event(const MqttMessage& message) { return message.topic.find("/~") == std::string::npos; }

Publish publish_of(std::size_t relay, const MqttMessage& message) {
  Publish publish{relay, {}, {}};
  for (const auto& [name, value] : message.user_properties) {
    if (name == "id") publish.id = value;
    if (name == "subject") publish.key = value;
  }
  return publish;
}

class Journal {
 public:
  void add(std::size_t relay, const MqttMessage& message) {
    const std::lock_guard lock(mutex_);
    if (is_event(message)) publishes_.push_back(publish_of(relay, message));
  }
  [[nodiscard]] std::vector<Publish> all() const {
    const std::lock_guard lock(mutex_);
    return publishes_;
  }
  [[nodiscard]] std::set<std::size_t> relays() const {
    std::set<std::size_t> who;
    for (const Publish& publish : all()) who.insert(publish.relay);
    return who;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Publish> publishes_;
};

/// Its link does not return from the next publish until the door is open: a relay that is stuck.
struct Snag {
  std::atomic<bool> armed{false};
  std::atomic<bool> caught{false};
  Door door;
  void pass() {
    if (!armed.exchange(false)) return;
    caught = true;
    door.pass();
  }
};

struct Fleet : ::testing::Test {
  void start(RelayOptions options = {}) {
    options.broker.url = "mqtt://broker";
    options.presence = false;
    options.lanes = {{.name = "telemetry", .spread = true}};
    std::vector<std::unique_ptr<platform::Link>> links;
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
      links.push_back(std::make_unique<relay::test::Tap>(world.broker.make_link(),
                                                         [this, relay](const MqttMessage& message) {
                                                           journal.add(relay, message);
                                                           snags[relay].pass();
                                                         }));
    }
    ASSERT_TRUE(outbox.start_relays(options, std::move(links)));
  }
  void write(int events) {
    for (int i = 0; i < events; ++i) {
      const std::string key = "key" + std::to_string(written++ % kKeys);
      ASSERT_TRUE(outbox.write([&](Transaction& t) -> Result<void> {
        return t.add(event("telemetry", "{}", key)).map([](const EventId&) {});
      }));
    }
  }
  void write_at_once(int events) {
    for (int done = 0; done < events; done += 500) {
      ASSERT_TRUE(outbox.write([&](Transaction& t) -> Result<void> {
        for (int i = done; i < std::min(events, done + 500); ++i)
          EXPECT_TRUE(t.add(event("telemetry", "{}", "key" + std::to_string(i % kKeys))));
        return {};
      }));
    }
  }
  std::int64_t backlog() { return outbox.statistics().lanes.at(1).backlog_events; }
  std::vector<RelayStatistics> relays() { return outbox.statistics().relays; }
  void run_until_drained() {
    world.run_until([&] { return backlog() == 0; });
  }
  void run_until_all_have_a_share() {
    world.run_until([&] {
      const auto all = relays();
      return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.shares == 1; });
    });
  }
  /// Of each key, what the broker took, without repeats.
  std::map<std::string, std::vector<std::string>> first_deliveries() {
    std::map<std::string, std::vector<std::string>> by_key;
    std::set<std::string> seen;
    for (const MqttMessage& message : world.broker.accepted()) {
      const Publish taken = publish_of(0, message);
      if (is_event(message) && seen.insert(taken.id).second) by_key[taken.key].push_back(taken.id);
    }
    return by_key;
  }
  void expect_complete_and_in_order_of_each_key() {
    std::size_t count = 0;
    for (const auto& [key, ids] : first_deliveries()) {
      std::vector<std::int64_t> seqs;
      for (const std::string& id : ids) seqs.push_back(std::stoll(id.substr(id.rfind('-') + 1)));
      EXPECT_TRUE(std::is_sorted(seqs.begin(), seqs.end())) << key;
      count += seqs.size();
    }
    EXPECT_EQ(count, static_cast<std::size_t>(written));
  }
  std::map<std::string, std::size_t> times_published() {
    std::map<std::string, std::size_t> times;
    for (const Publish& publish : journal.all()) times[publish.id] += 1;
    return times;
  }

  Journal journal;
  std::array<Snag, kRelays> snags;
  World world{[](StoreOptions& options) { options.budget_bytes = 8 * 1024 * 1024; }};
  Outbox& outbox = *world.outbox;
  int written = 0;
};

TEST_F(Fleet, the_work_is_divided_and_no_id_is_published_twice) {
  start();
  run_until_all_have_a_share();
  write(600);
  run_until_drained();
  EXPECT_EQ(journal.relays().size(), kRelays);
  for (const auto& [id, times] : times_published()) EXPECT_EQ(times, 1U) << id;
  expect_complete_and_in_order_of_each_key();
  const RelayStatistics all = outbox.statistics().relay;
  EXPECT_EQ(all.shares, kRelays);
  EXPECT_EQ(all.connects, kRelays);
  EXPECT_EQ(relays().size(), kRelays);
}

TEST_F(Fleet, no_event_passes_the_record_of_its_epoch) {
  world.broker.set_latency(milliseconds(20));
  start();
  run_until_all_have_a_share();
  write(60);
  run_until_drained();
  ASSERT_FALSE(world.broker.accepted().empty());
  EXPECT_NE(world.broker.accepted().front().topic.find("/~epoch"), std::string::npos);
}

TEST_F(Fleet, records_that_the_broker_forbids_do_not_stop_the_data) {
  world.broker.set_answer([](const MqttMessage& message) -> std::uint8_t {
    return message.topic.find("/~") == std::string::npos ? 0 : 0x87;
  });
  start();
  run_until_all_have_a_share();
  write(60);
  run_until_drained();
  EXPECT_EQ(journal.relays().size(), kRelays);
}

TEST_F(Fleet, what_is_with_a_relay_that_is_stuck_goes_to_the_others) {
  RelayOptions options;
  options.lease_term = seconds(12);
  start(options);
  run_until_all_have_a_share();
  write(60);
  run_until_drained();
  snags[1].armed = true;
  write(300);
  world.run_until([&] { return snags[1].caught.load(); });
  const std::size_t before = journal.all().size();
  run_until_drained();
  EXPECT_EQ(outbox.statistics().relay.shares, kRelays + 1)
      << "the stuck one says that it has one, and another has two";

  std::set<std::string> again;
  const auto all = journal.all();
  for (const auto& [id, times] : times_published()) {
    EXPECT_LE(times, 2U) << id;
    if (times == 2) again.insert(id);
  }
  for (std::size_t i = before; i < all.size(); ++i) EXPECT_NE(all[i].relay, 1U) << "it has no lease any more";
  EXPECT_LE(again.size(), 64U) << "no more than were in flight";
  expect_complete_and_in_order_of_each_key();

  snags[1].door.open();
  run_until_all_have_a_share();  // it gets its share back
  write(120);
  run_until_drained();
  const auto last = journal.all();
  EXPECT_TRUE(std::any_of(last.end() - 100, last.end(), [](const Publish& p) { return p.relay == 1; }));
  expect_complete_and_in_order_of_each_key();
}

TEST_F(Fleet, a_relay_without_a_connection_loses_its_share_after_the_term_and_gets_it_back) {
  RelayOptions options;
  options.lease_term = seconds(5);
  options.takeover_backoff_min = options.backoff_max = seconds(20);
  start(options);
  run_until_all_have_a_share();
  write(30);
  run_until_drained();
  world.broker.kill_connection("device-1-3",
                               0x8E);  // somebody else has its client id: it stays away for a while
  world.run_until([&] { return relays().at(2).state == RelayState::backing_off; });
  const std::size_t before = journal.all().size();
  write(120);
  run_until_drained();
  const auto all = journal.all();
  EXPECT_TRUE(std::none_of(all.begin() + static_cast<std::ptrdiff_t>(before), all.end(),
                           [](const Publish& publish) { return publish.relay == 2; }));
  EXPECT_EQ(outbox.statistics().relay.state, RelayState::connected);
  run_until_all_have_a_share();
  expect_complete_and_in_order_of_each_key();
}

TEST_F(Fleet, an_outage_of_the_broker_loses_nothing_and_keeps_the_order_of_each_key) {
  RelayOptions options;
  options.backoff_max = seconds(2);
  start(options);
  run_until_all_have_a_share();
  for (int round = 0; round < 5; ++round) {
    write(100);
    world.clock.advance(milliseconds(3));
    world.broker.set_up(false);
    write(100);
    world.clock.advance(seconds(round));
    world.broker.set_up(true);
    run_until_drained();
  }
  run_until_all_have_a_share();
  expect_complete_and_in_order_of_each_key();
}

TEST_F(Fleet, a_refusal_pauses_what_one_relay_drains_and_not_the_others) {
  std::atomic<bool> forbidden{true};
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    return forbidden && message.topic.ends_with("/key0") ? 0x80 : 0;
  });
  start();
  run_until_all_have_a_share();
  write(240);
  world.run_until([&] { return backlog() <= 140; });
  forbidden = false;
  run_until_drained();
  EXPECT_EQ(outbox.statistics().relay.quarantined, 0U);
}

// The others come to the end of the span, and nobody but the relay that holds them up can tell them that it moves.
TEST_F(Fleet, whoever_waits_for_the_cursor_goes_on_when_another_moves_it) {
  std::atomic<bool> forbidden{true};
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    return forbidden && message.topic.ends_with("/key0") ? 0x80 : 0;
  });
  start();
  run_until_all_have_a_share();
  constexpr int kEvents = static_cast<int>(limits::kSpanMax) + 900;
  write_at_once(kEvents);
  const auto others_wait = [&] {
    const auto all = relays();
    return std::count_if(all.begin(), all.end(), [](const RelayStatistics& one) {
             return one.acknowledged > 1000 && one.in_flight_events == 0;
           }) == kRelays - 1;
  };
  world.run_until(others_wait);
  EXPECT_GE(backlog(), 900);
  forbidden = false;
  run_until_drained();
  EXPECT_EQ(outbox.statistics().lanes.at(1).settled_seq, kEvents);
}

TEST_F(Fleet, wrong_numbers_of_links_are_refused) {
  RelayOptions options;
  options.broker.url = "mqtt://broker";
  EXPECT_EQ(outcome(outbox.start_relays(options, {})), "invalid");
  std::vector<std::unique_ptr<platform::Link>> many(limits::kRelaysMax + 1);
  for (auto& link : many) link = world.broker.make_link();
  EXPECT_EQ(outcome(outbox.start_relays(options, std::move(many))), "invalid");
  std::vector<std::unique_ptr<platform::Link>> one_is_missing(2);
  one_is_missing[0] = world.broker.make_link();
  EXPECT_EQ(outcome(outbox.start_relays(options, std::move(one_is_missing))), "invalid");
  options.lease_term = milliseconds(1);
  EXPECT_EQ(outcome(outbox.start_relay(options, world.broker.make_link())), "invalid");
}

}  // namespace
}  // namespace holdfast::runtime_tests
