// SPDX-License-Identifier: MIT
#include "sim/world.hpp"

#include <algorithm>
#include <array>
#include <holdfast/check.hpp>

namespace holdfast::sim_tests {
namespace {

constexpr int kStepsAtOneInstantMax = 10'000;  // more: somebody spins
constexpr seconds kReconnectPause{1};
constexpr seconds kRetryPause{1};  // as the store's thread does it

relay::RelaySetup setup_of(const store::Store& store, const StoreOptions& options,
                           RelayOptions relay_options) {
  relay::RelaySetup setup{std::move(relay_options), store.device(), options.topic_prefix, {}};
  for (const store::LaneRecord& lane : store.lanes()) {
    setup.lanes.push_back({lane.lane, lane.options.name, lane.options.priority, lane.cursor});
  }
  return setup;
}

StoreOptions device_options(const std::string& directory) {
  StoreOptions options;
  options.path = directory + "/store.db";
  options.device = "device-1";
  options.lanes = {{"alarm", 0}, {"telemetry", 1}, {"bulk", 1}};
  options.budget_bytes = 2 * 1024 * 1024;
  options.checkpoint_pages = 100;
  options.settle_events_max = 64;
  return options;
}

RelayOptions relay_options() {
  RelayOptions options;
  options.broker.url = "mqtt://broker.example";
  return options;
}

platform::Link& with_waker(platform::Link& link, platform::Waker& waker) {
  link.set_waker(&waker);
  return link;
}

}  // namespace

// --- the device ---

Device::Booted::Booted(Surroundings around, const StoreOptions& options, const RelayOptions& relay_options)
    : store(store::Store::open(options, around.platform).value()),
      link(around.broker.make_link()),
      backlog(*store, mailbox, around.clock),
      relay(setup_of(*store, options, relay_options), with_waker(*link, waker), backlog, mailbox,
            around.clock, around.platform.entropy) {}

Device::Device(Surroundings around, StoreOptions options, RelayOptions relay_options)
    : around_(std::move(around)), options_(std::move(options)), relay_options_(std::move(relay_options)) {}

void Device::boot() {
  booted_ = std::make_unique<Booted>(around_, options_, relay_options_);
  announce();
}

void Device::shut_down() {
  booted_->relay.begin_drain(around_.clock.now());
  for (Instant next = step(); !booted_->relay.drained(); next = step()) {
    next = std::min(next, around_.broker.next_event());
    around_.clock.advance(std::max(Duration(0), next - around_.clock.now()));
  }
  HOLDFAST_CHECK(booted_->store->close().has_value());
  booted_.reset();
}

void Device::crash() {
  around_.broker.kill_connection(options_.device, 0);
  booted_.reset();
}

std::vector<WriteResult> Device::write(const std::vector<WriteBody>& bodies) {
  std::vector<store::WriteJob> jobs(bodies.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  for (std::size_t done = 0; done < jobs.size();) {
    done += booted_->store->commit_group(std::span(jobs).subspan(done));
    announce();
  }
  std::vector<WriteResult> results;
  for (store::WriteJob& job : jobs) results.push_back(std::move(job.outcome));
  return results;
}

void Device::announce() {
  for (const store::Watermark& mark : booted_->store->watermarks()) {
    if (mark.committed_seq > 0) booted_->mailbox.committed(mark.lane, mark.committed_seq);
  }
  if (booted_->store->take_control_news()) booted_->mailbox.control_committed();
}

std::string Device::state(std::string_view key) {
  std::string value;
  const auto done = booted_->store->read([&](const Reader& reader) -> Result<void> {
    auto entry = reader.get(key);
    if (!entry) return tl::unexpected<Error>(entry.error());
    if (*entry) value.assign(reinterpret_cast<const char*>((*entry)->value.data()), (*entry)->value.size());
    return {};
  });
  HOLDFAST_CHECK(done.has_value());
  return value;
}

std::vector<store::Watermark> Device::watermarks() const { return booted_->store->watermarks(); }

Instant Device::step() {
  Booted& b = *booted_;
  const Instant now = around_.clock.now();
  Instant next = b.relay.step(now);
  b.backlog.retry();
  keep_house();
  if (b.store->take_control_news()) b.mailbox.control_committed();
  if (around_.clock.wait_until(now, b.waker)) return now;  // the bell was rung: it does not wait
  if (b.settle_due) next = std::min(next, *b.settle_due);
  return next;
}

void Device::keep_house() {
  Booted& b = *booted_;
  const Instant now = around_.clock.now();
  const bool force = b.settle_due && *b.settle_due <= now;
  const auto waiting = b.store->store_settled(force);
  if (!waiting) {
    b.settle_due = now + kRetryPause;
  } else if (*waiting == 0) {
    b.settle_due.reset();
  } else if (!b.settle_due || force) {
    b.settle_due = now + options_.settle_delay_max;
  }
  b.store->checkpoint_if_due();
}

// --- the backend ---

Backend::Backend(Surroundings around, std::string client_id)
    : around_(std::move(around)), client_id_(std::move(client_id)) {}

void Backend::boot() {
  booted_ = std::make_unique<Booted>();
  InboxOptions options;
  options.path = around_.directory + "/inbox.db";
  booted_->inbox = Inbox::open(options, around_.platform).value();
  booted_->link = around_.broker.make_link();
  booted_->link->set_waker(&booted_->waker);
  booted_->link->set_receiver([this](const MqttMessage& message) { return receive(message); });
  booted_->connect_at = around_.clock.now();
}

void Backend::crash() {
  around_.broker.kill_connection(client_id_, 0);
  booted_.reset();
}

platform::Delivery Backend::receive(const MqttMessage& message) {
  const auto event = decode_cloud_event(message);
  HOLDFAST_CHECK(event.has_value());  // nobody else publishes here
  const auto outcome = booted_->inbox->apply(*event, effect);
  HOLDFAST_CHECK(outcome.has_value());
  observer(*event, *outcome);
  booted_->dies = std::exchange(crash_next_, false);
  return booted_->dies ? platform::Delivery::withhold : platform::Delivery::acknowledge;
}

Instant Backend::step() {
  Booted& b = *booted_;
  const Instant now = around_.clock.now();
  std::array<platform::LinkEvent, 16> events;
  const std::size_t count = b.link->poll(events);
  if (b.dies) {
    crash();
    return Instant::max();
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (events[i].kind == platform::LinkEventKind::connected) {
      HOLDFAST_CHECK(b.link->subscribe(1, "holdfast/#").has_value());
    } else if (events[i].kind == platform::LinkEventKind::connect_failed ||
               events[i].kind == platform::LinkEventKind::disconnected) {
      b.link->drop();
      b.connecting = false;
      b.connect_at = now + kReconnectPause;
    }
  }
  if (!b.connecting && now >= b.connect_at) {
    platform::ConnectRequest request;
    request.broker.url = "mqtt://broker.example";
    request.broker.client_id = client_id_;
    request.clean_start = false;
    request.session_expiry = hours(24 * 7);
    HOLDFAST_CHECK(b.link->connect(request).has_value());
    b.connecting = true;
  }
  if (around_.clock.wait_until(now, b.waker)) return now;
  return b.connecting ? Instant::max() : b.connect_at;
}

// --- the world ---

World::World(std::uint64_t seed)
    : entropy(seed),
      device(around(), device_options(dir.path().string()), relay_options()),
      backend(around(), "backend") {}

Surroundings World::around() { return {clock, broker, {clock, *disk_, entropy, host}, dir.path().string()}; }

// Steps everybody until nobody has anything to do at this instant; returns when somebody has.
Instant World::settle_down() {
  for (int at_once = 0;; ++at_once) {
    HOLDFAST_CHECK(at_once < kStepsAtOneInstantMax);
    Instant next = broker.next_event();
    if (device.running()) next = std::min(next, device.step());
    if (backend.running()) next = std::min(next, backend.step());
    next = std::min(next, broker.next_event());
    if (next > clock.now()) return next;
    clock.advance(Duration(0));
  }
}

void World::run_for(Duration time) {
  const Instant end = clock.now() + time;
  while (clock.now() < end) clock.advance(std::min(settle_down(), end) - clock.now());
  (void)settle_down();
}

bool World::run_until(const std::function<bool()>& done, Duration patience) {
  const Instant end = clock.now() + patience;
  while (!done()) {
    if (clock.now() >= end) return false;
    clock.advance(std::min(settle_down(), end) - clock.now());
  }
  return true;
}

bool World::flushed() {
  const auto marks = device.watermarks();
  return std::all_of(marks.begin(), marks.end(),
                     [](const auto& m) { return m.settled_seq == m.committed_seq; });
}

}  // namespace holdfast::sim_tests
