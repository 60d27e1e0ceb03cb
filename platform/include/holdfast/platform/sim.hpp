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

  /// Moves now() and the wall clock, runs the listeners, then wakes the waits whose deadline has come.
  void advance(Duration by);
  /// The wall clock jumps; now() does not.
  void set_wall(WallTime wall);

  /// Calls `listener` in every advance(), on that thread and with now() moved, for as long as the caller
  /// keeps what is returned. This is how a simulated world does what has become due; a listener schedules by
  /// the moments of its own events, so one long advance() and many short ones give the same history.
  [[nodiscard]] std::shared_ptr<void> on_advance(std::function<void()> listener);

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
  FileSystem file_system_now{FileSystemKind::local, "ext4"};
  std::function<Result<void>(const std::string& from, const std::string& to)>
      rename_file;                                                       ///< empty: `denied`
  std::function<std::optional<FileInfo>(const std::string&)> find_file;  ///< empty: there are no files
  std::optional<std::string> lock_holder;
  [[nodiscard]] Result<DiskSpace> space(const std::string& path) const override;
  [[nodiscard]] Result<FileSystem> file_system(const std::string& path) const override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const override;
  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) const override;
  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override;
  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override;
};

/// A slow sine with seeded noise.
[[nodiscard]] std::unique_ptr<Sensor> make_seeded_sensor(std::string name, std::string unit,
                                                         std::uint64_t seed, const Clock& clock);

/// What lies between one client and the broker.
struct ClientNetwork {
  bool reachable = true;     ///< false: its connections die, new ones are refused
  bool silent = false;       ///< as ScriptedBroker::set_silent(), for this client
  Duration extra_latency{};  ///< one way, beyond that of the broker
  unsigned lost_per_thousand =
      0;  ///< packets: TCP sends each again, 200 ms later, then 400 ms, ...; below 1,000
};

/// A broker that keeps MQTT's rules, in memory and in virtual time: sessions, QoS 1 with PUBACKs in order,
/// Receive Maximum, Maximum Packet Size, subscriptions with wildcards, retained messages, message expiry,
/// wills, takeover of a client id. What it does wrong it does because the test said so. Every rule holds per
/// connection; delays count on the clock.
///
/// There is no link thread: Link::poll() calls the receiver for every message that has arrived, before it
/// hands out events. Wakers are rung for arriving messages too, and by VirtualClock::advance() when something
/// becomes due. Deterministic when one thread drives clock, broker and links; correct (but in the order the
/// threads happen to run) when they are driven by several.
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
  /// Asked for each publish that reaches the broker; the PUBACK's reason code. Default: 0x00 for all. It may
  /// call the broker: after kill_connections() in it the message is not taken and gets no answer. On 3.1.1 a
  /// refused publish is acknowledged and thrown away, as Mosquitto does it.
  void set_answer(std::function<std::uint8_t(const MqttMessage&)> answer);
  /// The SUBACK's reason code for a filter; below 0x80 it is subscribed. Default: granted QoS 1.
  void set_subscribe_answer(std::function<std::uint8_t(const std::string&)> answer);
  /// true: half-open. What is sent on the present connections, and on new ones, vanishes in both directions
  /// for as long as they last; the ends find out by connect timeout and keep alive. false: new connections
  /// work again.
  void set_silent(bool silent);
  /// The network of one client, from now on. Default: reachable, no further latency, no loss.
  void set_network(const std::string& client_id, const ClientNetwork& network);
  /// What a session queues for a client at most; beyond it new messages are acknowledged and thrown away, as Mosquitto
  /// does it. Default: a test that queues more than 100,000 is mistaken, and aborts.
  void set_session_messages_max(std::size_t messages);
  /// false: accepted() stays as it is. For long lives. Default true.
  void set_history(bool keep);
  void set_lose_next_acks(std::size_t count);  ///< stores the message but the PUBACK never leaves
  void kill_connection(const std::string& client_id, std::int32_t reason);  ///< only that one
  void kill_connections(std::int32_t reason);  ///< DISCONNECT with a reason, or 0: the network dies

  // What happened.
  /// Every publish it took, in order. The reference is for the thread that drives the broker.
  [[nodiscard]] const std::vector<MqttMessage>& accepted() const;
  [[nodiscard]] std::size_t accepted_count() const;          ///< for any thread
  [[nodiscard]] std::vector<MqttMessage> wills() const;      ///< published wills, in order
  [[nodiscard]] std::size_t connects() const;                ///< attempts, refused and failed ones too
  [[nodiscard]] std::vector<Instant> connect_times() const;  ///< of these attempts
  [[nodiscard]] std::size_t connections() const;             ///< accepted by the broker and open, now
  [[nodiscard]] std::uint64_t dropped() const;               ///< messages that a session had no room for
  /// When the next packet or timeout is due: a simulation advances to it. Instant::max(): nothing is under
  /// way.
  [[nodiscard]] Instant next_event() const;

 private:
  std::shared_ptr<class BrokerCore> core_;
};

}  // namespace holdfast::platform::sim
