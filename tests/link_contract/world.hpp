// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/platform/link.hpp>

/// One contract for all links. A world is a broker, links to it, and a way to let its time pass; the cases know
/// no more than that.
///
/// What not every link can show, by name, and where it stands instead:
///
/// | case                                               | not by            | why, and what is shown instead            |
/// |----------------------------------------------------|-------------------|-------------------------------------------|
/// | withhold: delivered again on the next connection   | Paho C++          | its callback cannot be taken back and the |
/// | (withhold_cases.cpp)                               |                   | process must end: PahoCpp.*, in children  |
/// | exceeding Receive Maximum is answered with 0x93    | both Pahos        | they queue inside instead of sending      |
/// | a refused subscription                             | Mosquitto         | its ACL file cannot refuse one: PahoLink  |
/// |                                                    |                   | over a fake broker                        |
/// | a takeover is told with 0x8E                       | Mosquitto 2.0.11  | it closes without a word (reason 0), also |
/// |                                                    |                   | on MQTT 5: PahoLink over a fake broker    |
/// | 0x97, and other reasons on request                 | Mosquitto         | it never says them                        |
/// | wrong credentials, TLS                             | scripted broker   | it has none: PahoLink.*, PahoTls.*        |
/// | resolvers, proxies, topic aliases on the wire,     | scripted broker,  | PahoC.*; the C++ link refuses to connect  |
/// | Server Keep Alive kept, brokers killed 260 times   | Paho C++          | under a proxy variable: PahoCpp.*         |
namespace holdfast::link_contract {

using namespace platform;  // NOLINT(google-build-using-namespace): every name of this suite comes from there

/// What the broker of a world is asked to be.
struct BrokerTraits {
  std::optional<std::uint16_t> receive_maximum = {};
  std::optional<std::uint32_t> packet_bytes_max = {};
  std::optional<std::uint16_t> server_keep_alive_s = {};
  bool denies_below_denied = false;  ///< publishes to denied/# are refused with 0x87
};

class World {
 public:
  virtual ~World() = default;
  [[nodiscard]] virtual std::unique_ptr<Link> make_link() = 0;
  [[nodiscard]] virtual std::string url() const = 0;
  /// Lets a little time pass: returns when `waker` rings, or soon.
  virtual void pass_time(Waker& waker) = 0;
  /// On the world's clock: when what is expected from now on is overdue. Not a number of calls of pass_time(), which a
  /// stream of events uses up.
  [[nodiscard]] virtual Instant overdue_at() const = 0;
  [[nodiscard]] virtual Instant now() const = 0;
  /// What a client is told when another one takes its id.
  [[nodiscard]] virtual std::int32_t takeover_reason() const { return 0x8E; }
  /// From now on nothing is answered, though connections stay.
  virtual void freeze() = 0;
  /// Kills the broker, frozen or not: every connection dies, no new one is accepted.
  virtual void kill_broker() = 0;
  virtual void start_broker() = 0;
  /// Connects a client with this request, then lets it die without a DISCONNECT.
  virtual void connect_and_die(const ConnectRequest& request) = 0;
};

using MakeWorld = std::unique_ptr<World> (*)(const BrokerTraits&);

/// A link with its waker, and everything that came out of it.
class Client {
 public:
  explicit Client(World& world);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// With the URL of the world filled in.
  [[nodiscard]] ConnectRequest request(std::string client_id) const;
  /// Connects and waits for the grant; fails the test when there is none.
  ConnectGrant connect(const ConnectRequest& request);
  void subscribe(const std::string& filter);

  /// Lets time pass until `done`; false when patience ran out.
  [[nodiscard]] bool wait_until(const std::function<bool()>& done);
  /// Waits for the next event of this kind, and returns it.
  LinkEvent wait_for(LinkEventKind kind);
  /// Waits until `count` messages have been received.
  [[nodiscard]] bool wait_for_messages(std::size_t count);
  [[nodiscard]] std::size_t count(LinkEventKind kind) const;

  World& world;
  Waker waker;
  std::unique_ptr<Link> link;
  std::vector<LinkEvent> events;  ///< all so far, oldest first

  /// Asked on the link's thread for each message; the default acknowledges.
  void set_verdict(std::function<Delivery(const MqttMessage&)> verdict);
  [[nodiscard]] std::vector<MqttMessage> messages() const;

 private:
  void poll();

  std::size_t looked_at_ = 0;  // by wait_for
  mutable std::mutex mutex_;
  std::function<Delivery(const MqttMessage&)> verdict_;
  std::vector<MqttMessage> messages_;
};

[[nodiscard]] MqttMessage message(std::string topic, std::string_view payload);

class LinkContract : public ::testing::TestWithParam<MakeWorld> {
 protected:
  [[nodiscard]] World& world() { return open({}); }
  World& open(const BrokerTraits& traits) {
    if (!world_) world_ = GetParam()(traits);
    return *world_;
  }

 private:
  std::unique_ptr<World> world_;
};

}  // namespace holdfast::link_contract
