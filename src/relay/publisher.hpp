// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/statistics.hpp>
#include <optional>
#include <string>
#include <vector>

#include "flow/in_flight_window.hpp"
#include "flow/lane_scheduler.hpp"
#include "flow/stall_watch.hpp"
#include "flow/throttle.hpp"
#include "relay/answer.hpp"
#include "relay/commands.hpp"
#include "relay/control_feed.hpp"
#include "relay/in_flight.hpp"
#include "relay/lane_feed.hpp"
#include "relay/mailbox.hpp"
#include "relay/outgoing.hpp"
#include "relay/presence.hpp"
#include "relay/replay_feed.hpp"
#include "relay/suspect.hpp"

/// The traffic of one connection after another: what is fetched, what is sent next, what an answer means.
/// Whether there is a connection is Relay's business.
///
/// 1. Control records first, then events: the lane by flow::LaneScheduler, the room by flow::InFlightWindow.
/// 2. Only an acknowledgement settles. Settlements are collected during a step and handed to the store at
///    once by settle(), before anything that makes the store read (a fetch) or forget (release).
/// 3. What can never be sent (damaged row, larger than the broker takes, a topic the link rejects) goes to
///    the store for quarantine without touching the wire.
/// 4. A suspect (relay/suspect.hpp) is sent alone: everything else waits until it was answered.
/// 5. A step sends at most kTurnsMax messages and makes at most one fetch per lane.
/// 6. Every packet spends from the throttle, but only events wait for it: records and statuses are few and urgent.
/// 7. One of several relays drains its shares (relay/share_keeper.hpp). The holder of share 0 carries the records; presence,
///    commands and replays are the first relay's.
/// 8. A status goes out after the records and before events. It is none of the traffic: it is not counted as published
///    or acknowledged.
namespace holdfast::relay {

inline constexpr std::size_t kTurnsMax = platform::kLinkPublishesMax;

struct RelaySetup {
  RelayOptions options;
  std::string device;
  std::string topic_prefix;
  std::vector<LaneSetup> lanes;  ///< 1 to limits::kLanesMax
  FiguresSource figures = {};    ///< for the presence; none: no presence
  bool receives = false;         ///< the link has a receiver that puts commands into the mailbox
  std::size_t relay = 0;         ///< which one of ...
  std::size_t relays = 1;        ///< ... so many: see relay/share_keeper.hpp
};

class Publisher {
 public:
  /// All but `setup` must outlive it. Counts into `statistics`.
  Publisher(RelaySetup setup, platform::Link& link, Backlog& backlog, const platform::Clock& clock,
            platform::Entropy& entropy, RelayStatistics& statistics);

  // From the store, at any time.
  void take(RelayMailbox::Contents mail, Instant now);

  // The connection.
  void begin(const platform::ConnectGrant& grant, Instant now);
  /// It ended by itself, or with this reason of the broker: to be called before end(). Without it, we dropped it.
  void died(std::int32_t reason);
  /// Hands over what was acknowledged; everything else is pending again. Nothing when it has not begun.
  void end();
  [[nodiscard]] std::optional<Instant> oldest_sent_at() const noexcept { return in_flight_.oldest_sent_at(); }
  [[nodiscard]] const std::optional<flow::InFlightWindow>& window() const noexcept { return window_; }

  // Answers of the broker, between begin() and end().
  /// True: something got through. A status alone does not count while events wait: see flow::ReconnectBackoff.
  [[nodiscard]] bool acknowledged(LinkToken token, Instant now);
  void refused(const platform::LinkEvent& answer, Instant now);
  void settle();
  void subscribed(const platform::LinkEvent& answer);
  /// Requests to send again that are not answered to their end.
  [[nodiscard]] std::size_t requests() const noexcept { return replay_.requests(); }

  // Work, between begin() and end().
  void fetch(Instant now);
  /// Sends what there is room for. An error: the link does not work any more.
  [[nodiscard]] Result<void> feed(Instant now);
  /// When fetch() and feed() should be called although nothing has happened.
  [[nodiscard]] Instant next_call() const noexcept;
  /// Asks the store for every lane, although nobody said that there is something.
  void look() noexcept;
  /// Is something waiting for an acknowledgement, or could it be sent?
  [[nodiscard]] flow::StallWatch::State activity(Instant now);
  /// Brings what the statistics say of denied topics, suspects and the quarantine up to date.
  void mind_alarms();

  // Several relays.
  /// Nothing that a lane or the records wait for is in flight or with the store.
  [[nodiscard]] bool quiet() const noexcept;
  /// Drains this from now on, from the cursors. It must be quiet().
  void drain(const store::ShareGrant& grant);

  // Presence.
  [[nodiscard]] Presence& presence() noexcept { return presence_; }
  /// Sends that we are going, once, as soon as there is room. An error: the link does not work any more.
  [[nodiscard]] Result<void> say_goodbye(std::string_view reason, Instant now);

 private:
  enum class Turn : std::uint8_t {
    taken,
    nothing_to_send,
    no_room,  ///< there is something, and it has to wait: nothing else may pass it
  };
  /// Why a publish failed, as MQTT would put it.
  struct Rejection {
    std::int32_t reason = 0;
    std::string detail;
  };

  [[nodiscard]] LaneFeed& lane_of(LaneNumber number);
  [[nodiscard]] bool is_first() const noexcept { return lease_.relay == 0; }
  [[nodiscard]] bool carries_records() const noexcept { return lease_.held[0]; }
  [[nodiscard]] bool records_gate() const noexcept { return carries_records() && control_.gates(); }
  [[nodiscard]] bool drains(const LaneFeed& lane) const noexcept;
  void fetch_of(LaneFeed& lane, Instant now);
  void tell_records_through();
  [[nodiscard]] InFlight answered(LinkToken token);
  [[nodiscard]] Result<Turn> turn(Instant now);
  [[nodiscard]] Result<Turn> send_control(const ControlRecord& record, Instant now);
  [[nodiscard]] Result<Turn> send_event(Instant now);
  [[nodiscard]] Result<Turn> send_status(MqttMessage message, Instant now);
  [[nodiscard]] Result<Turn> send_alone(const EventPlace& suspect, Instant now);
  [[nodiscard]] Result<Turn> send_next_of(std::size_t lane, std::size_t bytes, Instant now);
  [[nodiscard]] Result<std::optional<Rejection>> send(const Result<MqttMessage>& message, InFlight publish);
  void refuse(const EventPlace& event, Rejection why, RefusalAction action, Instant now);
  [[nodiscard]] bool throttled(Instant now);
  void clear(const EventPlace& suspect);
  void leave_out_suspects();
  void note(const Rejection& why);
  // publisher_replay.cpp
  void take_replays(RelayMailbox::Contents& mail, Instant now);
  void take_command(const MqttMessage& message, Instant now);
  void subscribe(Instant now);
  [[nodiscard]] Result<Turn> send_replay(Instant now);
  void acknowledge_resent(std::int64_t number);
  void refuse_resent(std::int64_t number, Rejection why, bool final, Instant now);

  RelaySetup setup_;
  Sender sender_;
  platform::Link& link_;
  Backlog& backlog_;
  const platform::Clock& clock_;
  platform::Entropy& entropy_;
  RelayStatistics& statistics_;
  store::ShareLease lease_;
  std::vector<LaneFeed> lanes_;
  ControlFeed control_;
  bool announce_ = false;                      // the broker may have forgotten the epoch's record
  std::uint64_t control_news_ = 0;             // the last notice of new records
  std::optional<std::uint64_t> told_through_;  // the last one that was told
  ReplayFeed replay_;
  Commands commands_;
  Suspects suspects_;
  flow::LaneScheduler scheduler_;
  flow::Throttle throttle_;
  Presence presence_;
  InFlightTable in_flight_;
  LinkToken acknowledged_token_ = 0;            // the highest of an event
  bool died_ = false;                           // the connection that end() is called for
  std::optional<flow::InFlightWindow> window_;  // set: there is a connection
  std::uint32_t packet_bytes_max_ = 0;
  std::vector<Settlement> settled_;
  bool turns_used_up_ = false;
  bool goodbye_said_ = false;
  bool status_waits_ = false;                 // for records, or for room: their answers call
  Instant throttled_until_ = Instant::max();  // events wait for tokens until then; max: they do not
};

}  // namespace holdfast::relay
