// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/statistics.hpp>
#include <string>
#include <string_view>

#include "flow/backoff.hpp"
#include "flow/connection_windows.hpp"
#include "flow/short_lives.hpp"
#include "flow/stall_watch.hpp"
#include "relay/backlog.hpp"
#include "relay/mailbox.hpp"
#include "relay/publisher.hpp"
#include "relay/share_keeper.hpp"

/// Drains the backlog to one broker: a state machine that is stepped, with no thread of its own.
///
/// | state       | event                                            | next        | what is done            |
/// |-------------|--------------------------------------------------|-------------|-------------------------|
/// | backing_off | its time has come                                | connecting  | connect()               |
/// | connecting  | connected                                        | connected   | records, then events    |
/// | connecting  | connect_failed; connect_timeout + 2 s are over   | backing_off | drop(), longer delay    |
/// | connected   | disconnected; a publish says: not connected      | backing_off | settle, release, drop() |
/// | connected   | ack_timeout is over (half-open TCP)              | backing_off | settle, release, drop() |
/// | connected   | outside all connection windows, likewise          | backing_off | settle, release, drop() |
/// | connected   | nothing was acknowledged for stall_timeout        | backing_off | settle, release, drop() |
/// | connected   | draining, and no answer or no time is left       | stopped     | settle, release, drop() |
/// | the others  | draining                                         | stopped     | drop()                  |
///
/// It begins in backing_off with a short random delay, and never leaves stopped.
///
/// 1. step() does bounded work: one poll of at most kLinkEventsPerStep answers, the mail, at most kTurnsMax
///    publishes and one fetch per lane. It waits for nothing but drop().
/// 2. Every wait has an end: connecting and each publish have a watchdog of ours, whatever the link does.
/// 3. The delay is drawn anew at each loss and starts short again only at an acknowledgement.
/// 4. Outside the connection windows backing_off lasts until one opens, and a random part of it longer. While the
///    wall clock is not trusted every time is inside.
/// 5. A Server Keep Alive below ours, when the link does not keep to it by itself, costs one reconnection at once, with
///    the server's value; the next one only after an acknowledgement.
namespace holdfast::relay {

/// Room for all answers of a window and the events of a connection.
inline constexpr std::size_t kLinkEventsPerStep = platform::kLinkPublishesMax + 8;
/// Beyond the broker option's connect_timeout, which the link itself should keep.
inline constexpr std::chrono::seconds kConnectMargin{2};
/// The wall clock may be set: the connection windows are looked at anew after this time at the latest.
inline constexpr std::chrono::minutes kWindowLook{10};
/// Links refuse a shorter keep alive.
inline constexpr std::chrono::seconds kKeepAliveMin{5};

class Relay {
 public:
  /// Everything but `setup` must outlive it. One of several relays has its options from options_of(). The caller has given the link and the mailbox one waker, and
  /// rings it or comes back when step() says so. `clock` is asked for the wall clock, and for the time after
  /// drop(), which may block. `invalid` options are the caller's to refuse: see check_options().
  Relay(const RelaySetup& setup, platform::Link& link, Backlog& backlog, RelayMailbox& mailbox,
        const platform::Clock& clock, platform::Entropy& entropy);

  /// Does what is due. Call it again at the returned instant, or earlier when the waker rings; an instant not
  /// after `now` means at once, Instant::max() means only when the waker rings.
  [[nodiscard]] Instant step(Instant now);

  /// Sends nothing more; events in flight may be answered for drain_timeout. Then drained().
  void begin_drain(Instant now);
  /// The last step has settled what was acknowledged and dropped the connection.
  [[nodiscard]] bool drained() const noexcept { return statistics_.state == RelayState::stopped; }

  /// For the thread that steps.
  [[nodiscard]] RelayStatistics statistics() const;

 private:
  void take_answers(Instant now);
  void take(const platform::LinkEvent& event, Instant now);
  void take_connected(const platform::ConnectGrant& grant, Instant now);
  void take_failed_connect(const platform::LinkEvent& event);
  void take_refused(const platform::LinkEvent& event, Instant now);
  [[nodiscard]] flow::ConnectionFailure judge_loss(std::int32_t reason, Instant now);
  [[nodiscard]] bool lower_keep_alive(const platform::ConnectGrant& grant);
  void got_through(Instant now);
  void act(Instant now);
  void connect(Instant now);
  void work(Instant now);
  void mind_shares(Instant now);
  void lose(flow::ConnectionFailure failure, std::int32_t reason, std::string detail);
  void mind_windows(Instant now);
  void begin_rest(Instant now);
  void leave(Instant until, std::string_view reason, Instant now);
  void rest(Duration delay);
  void stop();
  void mind_alarms(Instant now);
  [[nodiscard]] Instant next_call() const;
  [[nodiscard]] bool polls() const noexcept { return options_.poll_interval.count() > 0; }
  [[nodiscard]] bool is(RelayState state) const noexcept { return statistics_.state == state; }

  RelayOptions options_;
  platform::Link& link_;
  Backlog& backlog_;
  RelayMailbox& mailbox_;
  const platform::Clock& clock_;
  platform::Entropy& entropy_;
  RelayStatistics statistics_;  // its `state` is the state
  Publisher publisher_;
  ShareKeeper shares_;
  flow::ReconnectBackoff backoff_;
  flow::ConnectionWindows windows_;
  flow::StallWatch stall_watch_;
  flow::ShortLives short_lives_;
  Instant deadline_;  // backing_off: connect then; connecting: give up then
  Instant connected_at_;
  std::optional<Instant> drain_until_;  // set: draining
  std::optional<Instant> leave_until_;  // set: connected, and no window is open
  Instant windows_due_;                 // look at the windows then
  Instant poll_at_ = Instant::max();    // look into the lanes then
  bool got_through_ = false;            // something was acknowledged on this connection
  bool keep_alive_lowered_ = false;     // and nothing got through since
  bool sends_ = true;                   // its lease lets it
  bool answers_left_ = false;           // the last poll was full
  std::array<platform::LinkEvent, kLinkEventsPerStep> answers_;
};

/// What one of several relays does with the options of all: it has a client id of its own and its part of the rates,
/// and only the first says the presence and takes commands.
[[nodiscard]] RelayOptions options_of(std::size_t relay, std::size_t relays, RelayOptions options);
/// The written bounds of RelayOptions. `invalid` names the first one that is broken.
[[nodiscard]] Result<void> check_options(const RelayOptions& options);
/// `invalid`: RelayOptions::lanes names a lane that there is not, or one twice.
[[nodiscard]] Result<void> check_lanes(const RelaySetup& setup);

}  // namespace holdfast::relay
