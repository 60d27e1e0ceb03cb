// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// What a refused publish means for the event (MQTT 5, section 3.4.2.1).
///
/// | answer                                                     | action                                |
/// |------------------------------------------------------------|---------------------------------------|
/// | 0x90 topic name invalid, 0x99 payload format invalid, 0x95 | quarantine: no retry can ever succeed |
/// | 0x87 not authorised                                        | park the topic, the others go on      |
/// | 0x97 quota exceeded                                        | back off, and halve the window        |
/// | any other (0x80, 0x83, or one yet to be invented)          | back off: the broker may relent       |
namespace holdfast::relay {

inline constexpr std::int32_t kNotAuthorised = 0x87;
inline constexpr std::int32_t kTopicNameInvalid = 0x90;
inline constexpr std::int32_t kPacketTooLarge = 0x95;
inline constexpr std::int32_t kQuotaExceeded = 0x97;
inline constexpr std::int32_t kPayloadFormatInvalid = 0x99;

enum class RefusalAction : std::uint8_t { quarantine, park_topic, back_off, back_off_and_shrink };

[[nodiscard]] constexpr RefusalAction action_for(std::int32_t reason) noexcept {
  switch (reason) {
    case kTopicNameInvalid:
    case kPacketTooLarge:
    case kPayloadFormatInvalid: return RefusalAction::quarantine;
    case kNotAuthorised: return RefusalAction::park_topic;
    case kQuotaExceeded: return RefusalAction::back_off_and_shrink;
    default: return RefusalAction::back_off;
  }
}

}  // namespace holdfast::relay
