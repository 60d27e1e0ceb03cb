// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/cloud_event.hpp>
#include <holdfast/event.hpp>
#include <holdfast/result.hpp>

/// How (device, epoch, lane, seq) stands in CloudEvents attributes. One place for all who write or read it:
///   source    urn:holdfast:<device>/<lane>     of what belongs to a lane: events, gap records
///   source    urn:holdfast:<device>            of what belongs to the device: epoch records
///   id        <epoch>-<lane>-<seq>             of an event; no '-' can stand in an epoch or a lane name
///   sequence  <seq> in 20 digits               lexicographic order is numeric order, as CloudEvents ask
///   epoch     16 hexadecimal digits
namespace holdfast::wire {

inline constexpr std::string_view kEpochAttribute = "epoch";
inline constexpr std::string_view kSequenceAttribute = "sequence";

[[nodiscard]] std::string device_source(std::string_view device);
[[nodiscard]] std::string lane_source(std::string_view device, std::string_view lane);
[[nodiscard]] std::string sequence_text(std::int64_t seq);

/// A source taken apart; `lane` is empty for the device itself.
struct HoldfastSource {
  std::string device_source;
  std::string lane;
};
/// nullopt: not of the two forms above.
[[nodiscard]] std::optional<HoldfastSource> parse_source(std::string_view source);

/// Where an event stands in its stream: the device's lane and epoch, and the place in it.
struct StreamPosition {
  std::string device_source;  ///< urn:holdfast:<device>
  std::string lane;
  Epoch epoch;
  std::int64_t seq = 0;
  friend bool operator==(const StreamPosition&, const StreamPosition&) = default;
};

/// nullopt: foreign, because the source is not urn:holdfast:..., or `epoch` or `sequence` is missing (records
/// of ours have no sequence). `invalid`: it claims to be ours, but its attributes contradict one another.
[[nodiscard]] Result<std::optional<StreamPosition>> stream_position(const CloudEvent& event);

}  // namespace holdfast::wire
