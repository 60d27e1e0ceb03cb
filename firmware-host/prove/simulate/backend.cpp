// SPDX-License-Identifier: MIT
#include "prove/simulate/backend.hpp"

#include <algorithm>
#include <array>
#include <holdfast/check.hpp>
#include <utility>

namespace holdfast::prove {

Backend::Booted::Booted(std::unique_ptr<Inbox> opened, const Surroundings& around,
                        const ConsumerOptions& options)
    : inbox(std::move(opened)),
      link(around.broker.make_link()),
      asker(options, around.platform),
      backoff({Duration(0), options.backoff_min, options.backoff_max}),
      connect_at(around.clock.now()) {}

Backend::Backend(Surroundings around, InboxOptions inbox, ConsumerOptions options, Duration look_period)
    : around_(around),
      inbox_options_(std::move(inbox)),
      options_(std::move(options)),
      look_period_(look_period) {}

Result<void> Backend::boot() {
  auto opened = Inbox::open(inbox_options_, around_.platform);
  if (!opened) return tl::unexpected<Error>(opened.error());
  booted_ = std::make_unique<Booted>(std::move(*opened), around_, options_);
  booted_->link->set_waker(&booted_->waker);
  booted_->link->set_receiver([this](const MqttMessage& message) { return receive(message); });
  called_ = true;
  return {};
}

void Backend::crash() {
  around_.broker.kill_connection(options_.broker.client_id, 0);
  booted_.reset();
}

platform::Delivery Backend::receive(const MqttMessage& message) {
  if (runtime::is_not_for_consumers(message.topic)) return platform::Delivery::acknowledge;
  const auto event = decode_cloud_event(message);
  HOLDFAST_CHECK(event.has_value());  // nobody else publishes here
  const auto outcome = booted_->inbox->apply(*event, effect);
  if (!outcome) {
    HOLDFAST_CHECK(on_failure != nullptr);
    on_failure(*event, outcome.error());
    booted_->dies = true;
    return platform::Delivery::withhold;
  }
  booted_->backoff.reset();
  booted_->asker.note(*event, message.topic);
  observer(*event, *outcome);
  booted_->dies = std::exchange(crash_next_, false);
  return booted_->dies ? platform::Delivery::withhold : platform::Delivery::acknowledge;
}

bool Backend::called() {
  const bool rung = booted_ != nullptr && around_.clock.wait_until(around_.clock.now(), booted_->waker);
  return std::exchange(called_, false) || rung;
}

Instant Backend::step() {
  if (!running()) return Instant::max();
  Booted& b = *booted_;
  const Instant now = around_.clock.now();
  std::array<platform::LinkEvent, 16> events;
  const std::size_t count = b.link->poll(events);
  if (b.dies) {
    crash();
    return Instant::max();
  }
  for (std::size_t i = 0; i < count; ++i) take(events[i]);
  if (count == events.size()) return now;
  if (b.connected) {
    if (now >= std::max(b.asker.due(), b.look_at)) {
      b.asker.ask(*b.inbox, [this, &b](const MqttMessage& request) {
        if (b.link->publish(++b.last_token, request)) ++resend_requests_;
      });
      b.look_at = now + look_period_;
    }
    return std::max(b.asker.due(), b.look_at);
  }
  if (!b.connecting && now >= b.connect_at) connect();
  return b.connecting ? Instant::max() : b.connect_at;
}

void Backend::take(const platform::LinkEvent& event) {
  Booted& b = *booted_;
  if (event.kind == platform::LinkEventKind::connected) {
    b.connecting = false;
    b.connected = true;
    // An error is a connection that is going: its end is reported by an event.
    for (std::size_t i = 0; i < options_.filters.size(); ++i) (void)b.link->subscribe(i, options_.filters[i]);
  } else if (event.kind == platform::LinkEventKind::connect_failed ||
             event.kind == platform::LinkEventKind::disconnected) {
    b.link->drop();
    b.connecting = false;
    b.connected = false;
    b.connect_at = around_.clock.now() + b.backoff.next(around_.platform.entropy.next());
  }
}

void Backend::connect() {
  platform::ConnectRequest request;
  request.broker = options_.broker;
  request.clean_start = false;
  request.session_expiry = options_.session_expiry;
  HOLDFAST_CHECK(booted_->link->connect(request).has_value());
  booted_->connecting = true;
}

}  // namespace holdfast::prove
