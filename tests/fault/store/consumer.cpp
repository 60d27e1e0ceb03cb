// SPDX-License-Identifier: MIT
#include "fault/store/consumer.hpp"

#include <gmock/gmock.h>

#include <holdfast/check.hpp>

#include "relay/outgoing.hpp"

namespace holdfast::store::test {

Consumer::Consumer(const std::string& path, PlatformView platform) : database_(path) {
  // Nobody cuts the consumer's power here, and a flush per event would cost most of the tests' time.
  database_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
  database_.run("CREATE TABLE IF NOT EXISTS arrived (id TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT");
  auto inbox = Inbox::attach(database_.handle(), {}, platform);
  HOLDFAST_CHECK(inbox.has_value());
  inbox_ = std::move(*inbox);
}

Result<void> Consumer::note(const CloudEvent& event, sqlite3* db) {
  const std::string data = text(event.data);
  HOLDFAST_CHECK(data.find('\'') == std::string::npos);
  if (run_sql(db, "INSERT INTO arrived VALUES ('" + event.id + "', '" + data + "')") == SQLITE_OK) return {};
  return fail(ErrorCode::invalid, "note", "the id has a row");
}

void Consumer::receive(const CloudEvent& event) {
  deliveries.push_back(event);
  const auto known = data_of(event.id);
  if (known && *known != text(event.data)) {
    faults.push_back(event.id + " names " + *known + " and " + text(event.data));
  }
  const auto outcome = inbox_->apply(event, note);
  if (!outcome) return faults.push_back(event.id + ": " + outcome.error().text());
  if (outcome->outcome == Applied::rejected) {
    return faults.push_back(event.id + " is rejected: " + outcome->why);
  }
  if (known || outcome->outcome == Applied::applied) return;
  // A record: it has no effect to note it.
  if (!note(event, database_.handle())) faults.push_back(event.id + " could not be noted");
}

std::optional<std::string> Consumer::data_of(const std::string& id) const {
  const auto rows = rows_of(database_.handle(), "SELECT data FROM arrived WHERE id = '" + id + "'");
  return rows.empty() ? std::nullopt : std::optional(rows[0]);
}

std::vector<Rewind> Consumer::rewinds() const { return inbox_->rewinds().value(); }
std::vector<MissingRange> Consumer::missing() const { return inbox_->missing().value(); }

namespace {

CloudEvent arrived(const Result<MqttMessage>& message) {
  HOLDFAST_CHECK(message.has_value());
  return decode_cloud_event(*message).value();
}

}  // namespace

void publish(Device& device, Consumer& consumer, Answer answer) {
  const relay::Sender sender{device.store->device(), "holdfast", MqttVersion::v5};
  const bool acknowledged = answer == Answer::acknowledged;
  const auto records = device.store->control_records();
  for (const ControlRecord& record : records.value()) {
    consumer.receive(arrived(relay::to_message(record, sender)));
    const bool is_gap = std::holds_alternative<GapRecord>(record.record);
    if (acknowledged) device.store->settle_control(record.number, is_gap);
  }
  for (const LaneRecord& lane : device.store->lanes()) {
    for (Fetched f = device.fetch(lane.lane); !f.events.empty(); f = device.fetch(lane.lane, f.end_seq)) {
      for (const StoredEvent& event : f.events) {
        const auto message =
            relay::to_message(event, lane.options.name, sender, device.clock.now(), device.clock.wall());
        consumer.receive(arrived(message));
        if (acknowledged) device.store->settle(lane.lane, event.seq);
      }
    }
  }
  device.store->release_pins();
  device.store_settled();
}

std::vector<EventId> Identity::write(Device& by, int count) {
  std::vector<EventId> ids;
  for (int i = 0; i < count; ++i) {
    for (const auto* lane : {"alarm", "telemetry"}) {
      ids.push_back(by.add(lane, R"({"n":)" + std::to_string(++written) + '}'));
    }
  }
  return ids;
}

void Identity::expect_all_arrived_once() const {
  EXPECT_THAT(consumer.faults, testing::IsEmpty());
  EXPECT_EQ(consumer.applied(), static_cast<std::uint64_t>(written));
}

}  // namespace holdfast::store::test
