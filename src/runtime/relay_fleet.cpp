// SPDX-License-Identifier: MIT
#include "runtime/relay_fleet.hpp"

#include <algorithm>

namespace holdfast::runtime {
namespace {

// From the best to the worst.
int rank(RelayState state) {
  switch (state) {
    case RelayState::connected: return 0;
    case RelayState::connecting: return 1;
    case RelayState::backing_off: return 2;
    case RelayState::stopped: return 3;
  }
  return 3;
}

constexpr std::uint64_t RelayStatistics::*kSums[] = {
    &RelayStatistics::connects,         &RelayStatistics::connect_failures, &RelayStatistics::disconnects,
    &RelayStatistics::published,        &RelayStatistics::republished,      &RelayStatistics::acknowledged,
    &RelayStatistics::refused,          &RelayStatistics::quarantined,      &RelayStatistics::ack_timeouts,
    &RelayStatistics::in_flight_events, &RelayStatistics::in_flight_bytes,  &RelayStatistics::window_events,
    &RelayStatistics::stalls,           &RelayStatistics::takeovers,        &RelayStatistics::topics_denied,
    &RelayStatistics::suspects,         &RelayStatistics::resend_requests,  &RelayStatistics::resend_refused,
    &RelayStatistics::resent,           &RelayStatistics::shares,           &RelayStatistics::leases_taken,
    &RelayStatistics::leases_lost,
};

void add(RelayStatistics& all, const RelayStatistics& one) {
  for (const auto sum : kSums) all.*sum += one.*sum;
  if (rank(one.state) < rank(all.state)) all.state = one.state;
  if (all.last_error.empty()) {
    all.last_reason = one.last_reason;
    all.last_error = one.last_error;
  }
  all.last_ack_at = std::max(all.last_ack_at, one.last_ack_at);
  for (const RelayAlarm alarm : one.alarms) {
    const auto place = std::lower_bound(all.alarms.begin(), all.alarms.end(), alarm);
    if (place == all.alarms.end() || *place != alarm) all.alarms.insert(place, alarm);
  }
  if (all.keep_alive_s == 0) all.keep_alive_s = one.keep_alive_s;
  all.outside_window = all.outside_window && one.outside_window;
}

}  // namespace

RelayStatistics all_together(const std::vector<RelayStatistics>& relays) {
  if (relays.empty()) return {};
  RelayStatistics all = relays.front();
  for (std::size_t i = 1; i < relays.size(); ++i) add(all, relays[i]);
  return all;
}

RelayFleet::RelayFleet(relay::RelaySetup setup, std::vector<std::unique_ptr<platform::Link>> links,
                       StoreThread& store, PlatformView platform)
    : store_(store) {
  setup.relays = links.size();
  for (setup.relay = 0; setup.relay < setup.relays; ++setup.relay) {
    relays_.push_back(
        std::make_unique<RelayThread>(setup, std::move(links[setup.relay]), desk_, store, platform));
    desk_.add(relays_.back()->mailbox());
  }
  store_.post([relays = setup.relays, term = setup.options.lease_term](store::Store& at) {
    at.expect_relays(relays, term);
  });
  // A relay that polls is not told, or it would not be a poll.
  StoreThread::Listener listener{.committed = {},
                                 .control_committed = [this] { desk_.records_committed(); },
                                 .look_again = [this] { desk_.look_again(); }};
  if (setup.options.poll_interval.count() == 0)
    listener.committed = [this](store::LaneNumber lane, std::int64_t seq) { desk_.committed(lane, seq); };
  store_.listen(std::move(listener));
  for (const auto& relay : relays_) relay->start();
}

RelayFleet::~RelayFleet() { stop(); }

void RelayFleet::stop() {
  if (std::exchange(stopped_, true)) return;
  for (const auto& relay : relays_) relay->begin_stop();
  for (const auto& relay : relays_) relay->join();
  // The store's user may still hold mail for them: wait until it has let go.
  store_.listen({});
  store_.drain_tasks();
}

std::vector<RelayStatistics> RelayFleet::statistics() const {
  std::vector<RelayStatistics> all;
  for (const auto& relay : relays_) all.push_back(relay->statistics());
  return all;
}

}  // namespace holdfast::runtime
