// SPDX-License-Identifier: MIT
#include <algorithm>

#include "relay/relay.hpp"

namespace holdfast::relay {
namespace {

struct Rule {
  bool kept;
  const char* text;
};

}  // namespace

Result<void> check_options(const RelayOptions& options) {
  using std::chrono::milliseconds;
  const milliseconds none{0};
  constexpr std::chrono::hours kPatienceMax{24 * 3650};  // and added to an Instant it is one
  const Rule rules[] = {
      {options.window_events >= 1 && options.window_events <= platform::kLinkPublishesMax,
       "window_events is 1 to 64"},
      {options.window_bytes >= 1, "window_bytes is at least 1"},
      {options.ack_timeout > none, "ack_timeout is more than 0"},
      {options.backoff_min > none && options.backoff_min <= options.backoff_max,
       "backoff_min is more than 0 and at most backoff_max"},
      {options.auth_backoff_min > none, "auth_backoff_min is more than 0"},
      {options.takeover_backoff_min > none, "takeover_backoff_min is more than 0"},
      {options.lanes.size() <= limits::kLanesMax, "lanes are at most 16"},
      {options.suspect_deaths >= 1, "suspect_deaths is at least 1"},
      {options.denied_patience >= none && options.denied_patience <= kPatienceMax,
       "denied_patience is 0 to ten years"},
      {options.drain_timeout >= none, "drain_timeout is not negative"},
      {options.broker.connect_timeout > none, "broker.connect_timeout is more than 0"},
      {options.stall_timeout > options.ack_timeout, "stall_timeout is more than ack_timeout"},
      {options.presence_period >= std::chrono::seconds{1}, "presence_period is at least 1 s"},
      {options.poll_interval >= none, "poll_interval is not negative"},
      {options.lease_term >= std::chrono::seconds{1} && options.lease_term <= std::chrono::hours{1},
       "lease_term is 1 s to 1 h"},
  };
  for (const Rule& rule : rules) {
    if (!rule.kept) return fail(ErrorCode::invalid, "relay options", rule.text);
  }
  return flow::ConnectionWindows::parse(options.connection_windows).map([](const flow::ConnectionWindows&) {
  });
}

Result<void> check_lanes(const RelaySetup& setup) {
  const auto& named = setup.options.lanes;
  for (auto one = named.begin(); one != named.end(); ++one) {
    const auto is_it = [&](const auto& lane) { return lane.name == one->name; };
    if (std::none_of(setup.lanes.begin(), setup.lanes.end(), is_it))
      return fail(ErrorCode::invalid, "relay options", "there is no lane " + one->name);
    if (std::any_of(named.begin(), one, is_it))
      return fail(ErrorCode::invalid, "relay options", "lane " + one->name + " is named twice");
  }
  return {};
}

}  // namespace holdfast::relay
