// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/host.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/platform/sensor.hpp>

/// The platform of tests and simulations: target holdfast::sim. Time moves only when the test says so.
namespace holdfast::platform::sim {

/// Starts one hour after boot. Thread-safe: wait_until() really blocks until advance() passes its deadline or
/// the waker is rung.
class VirtualClock final : public Clock {
 public:
  VirtualClock();
  ~VirtualClock() override;
  [[nodiscard]] Instant now() const noexcept override;
  [[nodiscard]] WallTime wall() const noexcept override;
  bool wait_until(Instant deadline, Waker& waker) override;

  void advance(Duration by);
  /// The wall clock jumps; now() does not.
  void set_wall(WallTime wall);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SplitMix64 from a seed.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

/// A host whose parts the test sets.
class ScriptedHost final : public Host {
 public:
  std::string boot = "boot-1";
  std::string hardware = "0123456789abcdef";
  [[nodiscard]] std::string boot_id() const override { return boot; }
  [[nodiscard]] std::string fingerprint() const override { return hardware; }
  [[nodiscard]] std::string name() const override { return "sim"; }
  [[nodiscard]] std::int64_t process_id() const override { return 1; }
};

/// Files that are whatever the test says; stands in where only the questions of Disk matter (SQLite itself
/// always works on real files or on a VFS).
class ScriptedDisk final : public Disk {
 public:
  std::optional<Error> refuse_create;
  DiskSpace space_now{1ULL << 34, 1ULL << 33};
  [[nodiscard]] Result<DiskSpace> space(const std::string& path) const override;
  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) const override;
  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override;
  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override;
};

/// A slow sine with seeded noise.
[[nodiscard]] std::unique_ptr<Sensor> make_seeded_sensor(std::string name, std::string unit,
                                                         std::uint64_t seed, const Clock& clock);

/// A broker that keeps MQTT's rules, in memory and in virtual time: sessions, QoS 1 with PUBACKs in order,
/// Receive Maximum, subscriptions with wildcards, wills, takeover of a client id. What it does wrong it does
/// because the test said so. Every rule holds per connection; delays count on the clock. Single-threaded:
/// links and broker are driven by one thread that advances the clock.
class ScriptedBroker {
 public:
  explicit ScriptedBroker(VirtualClock& clock);
  ~ScriptedBroker();

  /// A new link to this broker. The broker must outlive it.
  [[nodiscard]] std::unique_ptr<Link> make_link();

  // Conditions, in force from now on.
  void set_up(bool up);                ///< false: kills connections, refuses new ones
  void forget();                       ///< loses sessions, queued and retained messages
  void set_latency(Duration one_way);  ///< default 1 ms
  void set_grant(ConnectGrant grant);
  void set_refuse_connect(std::int32_t reason);  ///< CONNACK reason for new connections; 0: accept
  /// Asked for each publish that reaches the broker; the PUBACK's reason code. Default: 0x00 for all.
  void set_answer(std::function<std::uint8_t(const MqttMessage&)> answer);
  void set_silent(bool silent);                ///< half-open: takes everything, answers nothing
  void set_lose_next_acks(std::size_t count);  ///< stores the message but the PUBACK never leaves
  void kill_connections(std::int32_t reason);  ///< DISCONNECT with a reason, or 0: the network dies

  // What happened.
  [[nodiscard]] const std::vector<MqttMessage>& accepted() const;  ///< every message it took, in order
  [[nodiscard]] std::size_t connects() const;
  [[nodiscard]] std::size_t connections() const;  ///< now
  [[nodiscard]] std::vector<Instant> connect_times() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::platform::sim
