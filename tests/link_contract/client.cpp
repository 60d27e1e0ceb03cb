// SPDX-License-Identifier: MIT
#include <array>

#include <holdfast/event.hpp>

#include "link_contract/world.hpp"

namespace holdfast::link_contract {

Client::Client(World& the_world) : world(the_world), link(the_world.make_link()) {
  link->set_waker(&waker);
  link->set_receiver([this](const MqttMessage& received) {
    std::function<Delivery(const MqttMessage&)> verdict;
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(received);
      verdict = verdict_;
    }
    const Delivery delivery = verdict ? verdict(received) : Delivery::acknowledge;
    waker.wake();
    return delivery;
  });
}

Client::~Client() { link->drop(); }

ConnectRequest Client::request(std::string client_id) const {
  ConnectRequest request;
  request.broker.url = world.url();
  request.broker.client_id = std::move(client_id);
  return request;
}

ConnectGrant Client::connect(const ConnectRequest& request) {
  const auto begun = link->connect(request);
  EXPECT_TRUE(begun.has_value()) << (begun ? "" : begun.error().text());
  return wait_for(LinkEventKind::connected).grant;
}

void Client::subscribe(const std::string& filter) {
  ASSERT_TRUE(link->subscribe(1'000'000, filter).has_value());
  EXPECT_EQ(wait_for(LinkEventKind::subscribed).token, 1'000'000U);
}

void Client::poll() {
  std::array<LinkEvent, 8> some;
  for (std::size_t got = some.size(); got == some.size();) {
    got = link->poll(some);
    events.insert(events.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(got));
  }
}

bool Client::wait_until(const std::function<bool()>& done) {
  for (const Instant overdue_at = world.overdue_at();;) {
    poll();
    if (done()) return true;
    if (world.now() >= overdue_at) return false;
    world.pass_time(waker);
  }
}

LinkEvent Client::wait_for(LinkEventKind kind) {
  LinkEvent found;
  const bool came = wait_until([&] {
    while (looked_at_ < events.size()) {
      found = events[looked_at_++];
      if (found.kind == kind) return true;
    }
    return false;
  });
  EXPECT_TRUE(came) << "no event of kind " << static_cast<int>(kind) << "; the last one was "
                    << (events.empty() ? "none" : events.back().detail);
  return came ? found : LinkEvent{};
}

bool Client::wait_for_messages(std::size_t count) {
  return wait_until([&] { return messages().size() >= count; });
}

std::size_t Client::count(LinkEventKind kind) const {
  std::size_t found = 0;
  for (const LinkEvent& event : events) found += event.kind == kind ? 1U : 0U;
  return found;
}

void Client::set_verdict(std::function<Delivery(const MqttMessage&)> verdict) {
  const std::lock_guard lock(mutex_);
  verdict_ = std::move(verdict);
}

std::vector<MqttMessage> Client::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

MqttMessage message(std::string topic, std::string_view payload) {
  MqttMessage result;
  result.topic = std::move(topic);
  const auto bytes = bytes_of(payload);
  result.payload.assign(bytes.begin(), bytes.end());
  return result;
}

}  // namespace holdfast::link_contract
