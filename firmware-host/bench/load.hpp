// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The work that both sides do: for each event a state row of 8 bytes under one of 16 keys, and the event
/// with 150 bytes of data, in one transaction. As in the measurements that the bars come from.
namespace holdfast::bench {

inline constexpr std::size_t kPayloadBytes = 150;
inline constexpr std::size_t kStateBytes = 8;
/// What a row of a lane holds beside its data and its key: 15 bytes of record header, epoch, boot, time since
/// boot, three interned texts, running total and CRC. The raw side's header takes 6 bytes; the rest is added
/// to its payload, so that both fill pages equally fast.
inline constexpr std::size_t kRowBytesBeside = 26;

inline constexpr std::array<std::string_view, 16> kKeys = {"s/0",  "s/1",  "s/2",  "s/3", "s/4",  "s/5",
                                                           "s/6",  "s/7",  "s/8",  "s/9", "s/10", "s/11",
                                                           "s/12", "s/13", "s/14", "s/15"};
[[nodiscard]] constexpr std::string_view key_of(std::uint64_t n) noexcept { return kKeys[n % kKeys.size()]; }

inline constexpr std::uint64_t kCheckpointFrames = 1'000;
/// Written before a measurement begins, each key once, so that the epoch, the texts and the first pages are
/// there.
inline constexpr std::uint64_t kWarmUpEvents = kKeys.size();
/// An event is acknowledged when so many later ones are committed.
inline constexpr std::uint64_t kAcknowledgeLag = 100;

}  // namespace holdfast::bench
