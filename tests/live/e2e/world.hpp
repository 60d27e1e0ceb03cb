// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <holdfast/consumer.hpp>
#include <holdfast/platform/linux.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/mosquitto.hpp"

namespace holdfast::e2e {

using namespace std::chrono_literals;
using test_support::Mosquitto;
using test_support::MosquittoOptions;

/// Looks every 10 ms. Real time: these tests run real processes.
[[nodiscard]] bool eventually(const std::function<bool()>& done, std::chrono::seconds patience = 60s);

/// The tests' machine.
[[nodiscard]] const platform::LinuxPlatform& board();
[[nodiscard]] Instant in(Duration time);

/// A device with an outbox in a directory of its own, and what it has written. Lanes: alarm, telemetry.
class Device {
 public:
  explicit Device(const std::string& broker_url);

  void open();  ///< aborts when it fails
  void start_relay();
  void boot() {
    open();
    start_relay();
  }
  void shut_down() { outbox.reset(); }

  /// Writes events one by one, to both lanes in turn; any number of threads may.
  void write(int events);
  [[nodiscard]] bool flush(Duration time = 60s) { return outbox->flush(in(time)).has_value(); }
  [[nodiscard]] std::set<std::string> written() const;
  [[nodiscard]] std::int64_t backlog() const;
  [[nodiscard]] RelayStatistics relay() const { return outbox->statistics().relay; }

  RelayOptions options;
  std::optional<std::uint64_t> retention_bytes;  ///< absent: the default
  std::unique_ptr<Outbox> outbox;

 private:
  void note(const Receipt& receipt);
  test_support::TempDir dir_;
  mutable std::mutex mutex_;
  std::set<std::string> written_;
};

/// A consumer process, so to say: its inbox and its session at the broker outlive stop() and start().
class Backend {
 public:
  explicit Backend(const std::string& broker_url);

  /// Returns when the broker has accepted the subscription.
  void start(const Mosquitto& broker);
  void stop();  ///< the test fails when this takes longer than a connection may take to end

  [[nodiscard]] std::set<std::string> applied() const;
  [[nodiscard]] bool applied_all(const Device& device) const;
  /// Nothing twice, no lane out of order, nothing missing, no rewind. Call it after stop().
  void expect_order_and_completeness() const;
  /// The same without the order: what was sent again comes later.
  void expect_completeness() const;

  ConsumerOptions options;
  std::unique_ptr<Consumer> consumer;

 private:
  void observe(const CloudEvent* event, const ApplyOutcome& outcome);
  [[nodiscard]] std::unique_ptr<Inbox> inbox() const;
  test_support::TempDir dir_;
  mutable std::mutex mutex_;
  std::map<std::string, int> applied_;
  std::map<std::string, std::vector<std::string>> sequences_;  // by source, as they came
  int starts_ = 0;
};

}  // namespace holdfast::e2e
