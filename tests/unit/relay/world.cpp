// SPDX-License-Identifier: MIT
#include "unit/relay/world.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

#include "base/text.hpp"

namespace holdfast::relay::test {
namespace {

constexpr std::size_t kStepsAtOneInstantMax = 1000;  // more: the relay spins

RelaySetup setup_for(std::size_t lanes, RelayOptions options, FiguresSource figures) {
  if (options.broker.url.empty()) options.broker.url = "mqtt://broker.example";
  RelaySetup setup{std::move(options), "device-1", "holdfast", {}, std::move(figures)};
  for (std::size_t i = 1; i <= lanes; ++i) {
    setup.lanes.push_back({static_cast<LaneNumber>(i), "lane" + std::to_string(i), static_cast<int>(i), 0});
  }
  return setup;
}

}  // namespace

World::World(std::size_t lanes, RelayOptions options, std::uint64_t seed, const Wrap& wrap,
             FiguresSource figures, std::size_t relay_number, std::size_t relays)
    : entropy(seed), link(wrap(broker.make_link())), lanes_(lanes) {
  link->set_waker(&waker);
  RelaySetup setup = setup_for(lanes, std::move(options), std::move(figures));
  setup.relay = relay_number;
  setup.relays = relays;
  relay = std::make_unique<Relay>(setup, *link, backlog, mailbox, clock, entropy);
}

std::string topic_of(const std::string& key, LaneNumber lane) {
  return "holdfast/device-1/lane" + std::to_string(lane) + "/" + key;
}

std::int64_t World::commit(LaneNumber lane, std::size_t bytes) { return commit_key("k", lane, bytes); }

std::int64_t World::commit_key(const std::string& key, LaneNumber lane, std::size_t bytes) {
  StoredEvent event;
  event.epoch = Epoch{7};
  event.key = key;
  event.type = "com.example.reading.v1";
  event.content_type = "application/octet-stream";
  event.topic = topic_of(key, lane);
  event.of_this_boot = true;
  event.committed_at = clock.now();
  const std::string name = std::to_string(lane) + "/" + std::to_string(++committed_) + " ";
  for (const char c : name) event.data.push_back(static_cast<std::byte>(c));
  event.data.resize(std::max(bytes, name.size()), std::byte{'x'});
  return backlog.commit(lane, std::move(event));
}

void World::commit_many(std::size_t count, LaneNumber lane, std::size_t bytes) {
  for (std::size_t i = 0; i < count; ++i) commit(lane, bytes);
}

// Steps until nobody has anything to do at this instant; returns when the relay wants to be called next.
Instant World::settle_down() {
  for (std::size_t at_once = 1;; ++at_once) {
    HOLDFAST_CHECK(at_once < kStepsAtOneInstantMax);
    steps_most_per_instant = std::max(steps_most_per_instant, at_once);
    steps += 1;
    const Instant next = relay->step(clock.now());
    if (!store_is_slow) backlog.answer_all();
    const bool rung = clock.wait_until(clock.now(), waker);
    if (!rung && next > clock.now()) return next;
  }
}

void World::run_for(Duration time) {
  const Instant end = clock.now() + time;
  for (;;) {
    Instant next = std::min({settle_down(), broker.next_event(), end});
    if (clock.now() >= end) return;
    if (store_is_slow && backlog.answer_one()) next = std::min(next, clock.now() + milliseconds(1));
    clock.advance(std::max(Duration{0}, next - clock.now()));
  }
}

void World::run_until_connected() {
  for (int i = 0; i < 60'000; ++i) {
    if (relay->statistics().state == RelayState::connected) return;
    run_for(milliseconds(1));
  }
  HOLDFAST_CHECK(!"connected within a minute");
}

bool World::run_until_settled(Duration time) {
  const Instant end = clock.now() + time;
  while (pending() > 0 || backlog.pending_control() > 0) {
    if (clock.now() >= end) return false;
    run_for(milliseconds(50));
  }
  return true;
}

std::size_t World::pending() const {
  std::size_t pending = 0;
  for (std::size_t lane = 1; lane <= lanes_; ++lane)
    pending += backlog.pending(static_cast<LaneNumber>(lane));
  return pending;
}

std::vector<std::string> World::accepted_ids() const {
  std::vector<std::string> ids;
  for (const MqttMessage& message : broker.accepted()) ids.push_back(decode_cloud_event(message).value().id);
  return ids;
}

std::vector<std::int64_t> World::accepted_seqs(LaneNumber lane) const {
  std::vector<std::int64_t> seqs;
  for (const MqttMessage& message : broker.accepted()) {
    if (const auto seq = seq_of(message, lane); seq > 0) seqs.push_back(seq);
  }
  return seqs;
}

std::int64_t seq_of(const MqttMessage& message, LaneNumber lane) {
  if (message.topic.ends_with("/~status")) return 0;
  return seq_of(decode_cloud_event(message).value().id, lane);
}

std::int64_t seq_of(const std::string& id, LaneNumber lane) {
  const std::string prefix = Epoch{7}.text() + "-lane" + std::to_string(lane) + "-";
  if (!id.starts_with(prefix)) return 0;
  return base::parse_decimal(std::string_view(id).substr(prefix.size())).value_or(0);
}

std::function<std::uint8_t(const MqttMessage&)> refusing(LaneNumber lane, std::vector<std::int64_t> seqs,
                                                         std::uint8_t reason) {
  return [lane, seqs = std::move(seqs), reason](const MqttMessage& message) -> std::uint8_t {
    const auto seq = seq_of(message, lane);
    return seq > 0 && std::find(seqs.begin(), seqs.end(), seq) != seqs.end() ? reason : 0;
  };
}

}  // namespace holdfast::relay::test
