// SPDX-License-Identifier: MIT
#include "unit/runtime/world.hpp"

#include <atomic>
#include <holdfast/check.hpp>

namespace holdfast::runtime_tests {

Event event(std::string_view lane, std::string_view data, std::string_view key) {
  return {.lane = lane,
          .key = key,
          .type = "com.example.reading.v1",
          .content_type = "application/json",
          .data = bytes_of(data)};
}

WriteBody adding(std::string lane) {
  return [lane = std::move(lane)](Transaction& t) -> Result<void> {
    return t.add(event(lane)).map([](const EventId&) {});
  };
}

WriteBody adding_on(std::thread::id& where) {
  return [&where](Transaction& t) -> Result<void> {
    where = std::this_thread::get_id();
    return t.add(event("telemetry")).map([](const EventId&) {});
  };
}

std::string text(const StateEntry& entry) {
  return {reinterpret_cast<const char*>(entry.value.data()), entry.value.size()};
}

void Door::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  bell_.notify_all();
}

void Door::pass() {
  std::unique_lock lock(mutex_);
  bell_.wait(lock, [this] { return open_; });
}

StoreOptions World::options() const {
  StoreOptions options;
  options.path = dir / "store.db";
  options.device = "device-1";
  options.lanes = {{"alarm", 0}, {"telemetry", 1}};
  options.budget_bytes = 1024 * 1024;
  if (change_) change_(options);
  return options;
}

void World::open() {
  auto opened = Outbox::open(options(), platform());
  HOLDFAST_CHECK(opened.has_value());
  outbox = std::move(*opened);
}

void World::start_relay(RelayOptions options) {
  options.broker.url = "mqtt://broker";
  options.presence = false;  // its last word is answered in virtual time, which stands still during close()
  HOLDFAST_CHECK(outbox->start_relay(options, broker.make_link()).has_value());
}

// The outbox's threads work in real time. Without a pause virtual time runs away from one that the machine does not run
// for a moment: 50 ms were half a minute, more than the relay waits for a PUBACK.
void World::tick() {
  clock.advance(milliseconds(1));
  std::this_thread::sleep_for(std::chrono::microseconds(10));
}

void World::run_until(const std::function<bool()>& done) {
  const Instant patience = clock.now() + std::chrono::hours(1);
  while (!done()) {
    HOLDFAST_CHECK(clock.now() < patience);
    tick();
  }
}

void World::close() {
  std::atomic<bool> closed{false};
  std::thread closing([&] {
    outbox.reset();
    closed = true;
  });
  while (!closed) tick();
  closing.join();
}

void World::settle_down() {
  for (int i = 0; i < 2; ++i) HOLDFAST_CHECK(outbox->get("nothing").has_value());
}

Ticket World::block(Door& door) const {
  Door entered;
  auto ticket = outbox->write_async([&](Transaction&) -> Result<void> {
    entered.open();
    door.pass();
    return {};
  });
  HOLDFAST_CHECK(ticket.has_value());
  entered.pass();
  return *ticket;
}

}  // namespace holdfast::runtime_tests
