// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <holdfast/platform/linux.hpp>

#include "link_contract/paho_probe.hpp"
#include "link_contract/world.hpp"
#include "support/fake_broker.hpp"
#include "support/mosquitto.hpp"

/// holdfast::linux, with whichever link is in it, on a private Mosquitto.
namespace holdfast::link_contract {

using test_support::FakeBroker;
using test_support::Mosquitto;
using test_support::MosquittoOptions;
using test_support::Process;

inline constexpr std::chrono::milliseconds kTick{10};
inline constexpr std::chrono::seconds kPatience{60};
inline constexpr std::chrono::seconds kChildPatience{60};

class PahoWorld final : public World {
 public:
  explicit PahoWorld(const MosquittoOptions& options) : broker(options) {}

  [[nodiscard]] std::unique_ptr<Link> make_link() override { return make_linux_link(); }
  [[nodiscard]] std::string url() const override { return broker.url(); }
  void pass_time(Waker& waker) override { clock->wait_until(clock->now() + kTick, waker); }
  [[nodiscard]] Instant overdue_at() const override { return now() + kPatience; }
  [[nodiscard]] Instant now() const override { return clock->now(); }
  [[nodiscard]] std::int32_t takeover_reason() const override { return 0; }
  void freeze() override { broker.freeze(); }
  void kill_broker() override { broker.kill(); }
  void start_broker() override { broker.start(); }
  void connect_and_die(const ConnectRequest& request) override {
    Process child(probe_command("will", url(), request.broker.client_id));
    EXPECT_EQ(child.read_line(kChildPatience), "connected");
    child.kill();
  }

  std::unique_ptr<Clock> clock = make_linux_clock();
  Mosquitto broker;
};

[[nodiscard]] inline ConnectRequest kept_session(const Client& client, const std::string& client_id) {
  ConnectRequest request = client.request(client_id);
  request.clean_start = false;
  request.session_expiry = std::chrono::hours(1);
  return request;
}

inline void publish(Client& client, const std::string& topic) {
  ASSERT_TRUE(client.link->publish(1, message(topic, "x")).has_value());
  client.wait_for(LinkEventKind::acknowledged);
}

/// CONNACK of MQTT 5 without properties; DISCONNECT 0x8E; SUBACK with 0x87.
inline constexpr std::string_view kConnack("\x20\x03\x00\x00\x00", 5);
inline constexpr std::string_view kDisconnectTakenOver("\xE0\x02\x8E\x00", 4);
inline constexpr std::string_view kSubackDenied("\x90\x04\x00\x00\x00\x87", 6);

}  // namespace holdfast::link_contract
