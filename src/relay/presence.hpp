// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/statistics.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/backoff.hpp"

/// The retained status of the device at {prefix}/{device}/~status.
///
///     {"state":"online","device":"pi4","epoch":"bf1e515e3fcb623c","since":"2026-11-26T00:05:32.251597Z",
///      "at":"2026-11-26T00:06:32.251597Z","alarms":["topics_denied"],
///      "lanes":[{"name":"alarm","backlog_events":0,"oldest_age_s":null,"quarantined_events":0,"lost_events_ever":0}],
///      "connects":3,"disconnects":2,"published":120,"republished":4,"acknowledged":118,"refused":0,"quarantined":0}
///     {"state":"offline","device":"pi4","epoch":"bf1e515e3fcb623c","reason":"lost"}
///
/// 1. `online` is sent at every connection, every `presence_period`, and when the alarms change, but then at most once a
///    second.
/// 2. `offline` says why: `lost` is the Will, so the broker says it for us; `closed` and `window` are sent by us before
///    the connection is dropped on purpose.
/// 3. Times are absent (null) while the clock is not trusted; the epoch until an event was stored.
/// 4. At most one status is in flight. A refused one is tried again with full jitter, and the events do not notice.
/// 5. Without retained messages at the broker there is no presence: what nobody can look up is noise.
namespace holdfast::relay {

/// Asked on the relay's thread; must not block. Store and lanes are looked at.
using FiguresSource = std::function<Statistics()>;

class Presence {
 public:
  struct Setup {
    std::string device;
    std::string topic_prefix;
    Duration period{0};
    flow::BackoffRange pause;
    FiguresSource figures;  ///< none: no presence
  };

  explicit Presence(Setup setup);

  [[nodiscard]] bool enabled() const noexcept { return static_cast<bool>(setup_.figures) && retained_; }
  /// For the CONNECT that is about to be sent.
  [[nodiscard]] std::optional<platform::Will> will() const;

  // The connection.
  void connected(bool retain_available, Instant now, const platform::WallTime& wall);
  void disconnected() noexcept;
  /// The broker refused the CONNECT because of the retained Will: never again.
  void not_retained() noexcept { retained_ = false; }

  // A status: the caller publishes what is made, and says what became of it.
  [[nodiscard]] bool due(Instant now, const std::vector<RelayAlarm>& alarms) const noexcept {
    return now >= next_call(alarms);
  }
  [[nodiscard]] MqttMessage online(const RelayStatistics& relay, const platform::WallTime& wall) const;
  /// `reason` is one word.
  [[nodiscard]] MqttMessage offline(std::string_view reason) const;
  void sent(Instant now, const std::vector<RelayAlarm>& alarms);
  void acknowledged() noexcept;
  void refused(Instant now, std::uint64_t random);

  /// When due() says so, if nothing happens until then; Instant::max(): never.
  [[nodiscard]] Instant next_call(const std::vector<RelayAlarm>& alarms) const noexcept;

 private:
  [[nodiscard]] MqttMessage message(std::string json) const;

  Setup setup_;
  bool retained_ = true;
  bool connected_ = false;
  bool in_flight_ = false;
  Instant due_at_;
  Instant sent_at_;
  std::vector<RelayAlarm> told_;  // the alarms in the last status
  std::optional<UtcTime> since_;
  flow::Backoff backoff_;
};

}  // namespace holdfast::relay
