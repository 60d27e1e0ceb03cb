// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/result.hpp>
#include <holdfast/time.hpp>

/// What a device says about itself beside its events, as CloudEvents with JSON data, and what it can be asked for.
/// The formats stand in src/README.md.
namespace holdfast {

inline constexpr std::string_view kGapType = "dev.holdfast.gap.v1";
inline constexpr std::string_view kEpochType = "dev.holdfast.epoch.v1";
inline constexpr std::string_view kResendType = "dev.holdfast.resend.v1";

/// Declares seqs of one lane and epoch that will never be delivered, unless requeued.
struct GapRecord {
  std::string id;  ///< "<epoch>-<lane>-gap-<n>"
  Epoch epoch;
  std::string lane;
  std::int64_t first = 0;
  std::int64_t last = 0;     ///< inclusive
  std::int64_t missing = 0;  ///< exact; less than last - first + 1: a sparse hull
  std::int64_t bytes = 0;    ///< data bytes that were given up
  std::string reason;        ///< "shed", "quarantined", "damaged", "not_retained"
  friend bool operator==(const GapRecord&, const GapRecord&) = default;
};

/// Where the parent epoch ended in one lane: its highest committed seq, 0 for none.
struct LaneEnd {
  std::string lane;
  std::int64_t last = 0;
  friend bool operator==(const LaneEnd&, const LaneEnd&) = default;
};

/// Announces an epoch and where its parent ended, so that a consumer can see a restored backup or a clone.
struct EpochRecord {
  Epoch epoch;
  std::optional<Epoch> parent;  ///< absent: the first epoch of a store
  std::vector<LaneEnd> parent_ends;
  std::string reason;  ///< "created", "opened", "reopened", "restored"
  friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

/// first..last of one lane, both included.
struct ResendRange {
  std::string lane;
  std::optional<Epoch> epoch;  ///< only events of this epoch; absent: of whichever
  std::int64_t first = 0;
  std::int64_t last = 0;
  friend bool operator==(const ResendRange&, const ResendRange&) = default;
};

/// Asks one device to publish settled events again, with the same ids.
struct ResendRequest {
  std::string id;  ///< 1 to 64 of [A-Za-z0-9._-], new for each request: the device answers an id once
  std::vector<ResendRange> ranges;   ///< 1 to limits::kResendRangesMax, limits::kResendEventsMax seqs in all
  std::string key = {};              ///< only events of this key; empty: all
  std::optional<UtcTime> from = {};  ///< only events of known time, not before
  std::optional<UtcTime> before = {};  ///< ... and before
  UtcTime issued = {};                 ///< by the asker's clock, to the microsecond
  friend bool operator==(const ResendRequest&, const ResendRequest&) = default;
};

/// The message that asks `device`, whose command topic is {prefix}/{device}/~command. With a `secret` it carries a MAC.
/// `invalid`: a bound above is broken, or the topic cannot be published to. Pure.
[[nodiscard]] Result<MqttMessage> encode_resend(const ResendRequest& request, std::string_view device,
                                                std::string topic, std::string_view secret);
/// What the device makes of it. `invalid`: not such a request, or over a bound; `denied`: `secret` is set, and the MAC
/// is not there or was not made with it for this device. Bounded, strict, pure.
[[nodiscard]] Result<ResendRequest> decode_resend(const MqttMessage& message, std::string_view device,
                                                  std::string_view secret);

}  // namespace holdfast
