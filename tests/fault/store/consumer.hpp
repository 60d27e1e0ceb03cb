// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <holdfast/inbox.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "unit/store/world.hpp"

/// The far end of a store, for tests of identity. Real: the store, the encoding, the inbox, SQLite. The relay and the
/// broker between them are one loop, publish().
namespace holdfast::store::test {

/// An inbox in the consumer's own database, and beside it what arrived under which id. The effect writes that
/// row, so both are one commit.
class Consumer {
 public:
  Consumer(const std::string& path, PlatformView platform);

  void receive(const CloudEvent& event);
  [[nodiscard]] std::optional<std::string> data_of(const std::string& id) const;
  /// Events that were applied since this object was made; records do not count.
  [[nodiscard]] std::uint64_t applied() const { return inbox_->statistics().applied; }
  [[nodiscard]] std::vector<Rewind> rewinds() const;
  [[nodiscard]] std::vector<MissingRange> missing() const;

  std::vector<std::string> faults;  ///< what must not happen, one line each
  std::vector<CloudEvent> deliveries;

 private:
  [[nodiscard]] static Result<void> note(const CloudEvent& event, sqlite3* db);

  RawDatabase database_;
  std::unique_ptr<Inbox> inbox_;
};

enum class Answer { acknowledged, lost };

/// Everything that waits in the store, as a relay publishes it after connecting: control records first, then
/// each lane in order.
void publish(Device& device, Consumer& consumer, Answer answer = Answer::acknowledged);

/// A device that writes, and its consumer.
struct Identity : ::testing::Test {
  /// `count` events in each lane; no two events of a test have the same data: {"n":1}, {"n":2} ...
  std::vector<EventId> write(Device& by, int count);
  void expect_all_arrived_once() const;

  Device device;
  holdfast::test_support::TempDir consumer_dir;
  Consumer consumer{consumer_dir / "consumer.db", device.platform()};
  int written = 0;
};

}  // namespace holdfast::store::test
