// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound that is not an option. Options have their own bounds beside them in options.hpp.
namespace holdfast::limits {

inline constexpr std::size_t kEventDataBytesDefault = 64 * 1024;  ///< CloudEvents 1.0: all must accept 64 KiB
inline constexpr std::size_t kEventDataBytesCeiling = 1024 * 1024;  ///< the most that the option may ask for
inline constexpr std::size_t kStateValueBytesMax = 1024 * 1024;
inline constexpr std::size_t kKeyBytesMax = 256;          ///< event key, state key
inline constexpr std::size_t kTypeBytesMax = 256;         ///< event type
inline constexpr std::size_t kContentTypeBytesMax = 256;  ///< media type
inline constexpr std::size_t kTopicBytesMax = 1024;       ///< rendered topic; AWS IoT allows 256, MQTT 65,535
inline constexpr std::size_t kDeviceBytesMax = 64;        ///< device id
inline constexpr std::size_t kPrefixBytesMax = 128;       ///< topic prefix
inline constexpr std::size_t kLaneNameBytesMax = 32;
inline constexpr std::size_t kLanesMax = 16;       ///< at a time
inline constexpr std::size_t kLanesEverMax = 64;   ///< removed ones too: their sequences are never forgotten
inline constexpr std::size_t kAttributesMax = 16;  ///< further CloudEvents attributes of one event
inline constexpr std::size_t kAttributeNameBytesMax = 20;  ///< CloudEvents 1.0: SHOULD NOT exceed 20
inline constexpr std::size_t kAttributeValueBytesMax = 1024;
inline constexpr std::size_t kWriteEventsMax = 1024;  ///< events of one write
inline constexpr std::size_t kGroupEventsMax = 4096;  ///< events of one commit; a group closes when reached
inline constexpr std::size_t kGroupWritesMax = 256;   ///< callers of one commit
inline constexpr std::size_t kGroupBytesMax =
    3 * 1024 * 1024;                                      ///< event and state bytes of one commit; budgets
                                                          ///< below 32 MiB allow 3/32 of themselves
inline constexpr std::size_t kQueuedWritesMax = 1024;     ///< callers waiting for a commit
inline constexpr std::size_t kInternedTextsMax = 65'536;  ///< beyond it a row carries its own text
inline constexpr std::size_t kQuarantineRowsMax = 1000;   ///< beyond it the lane waits
inline constexpr std::size_t kFailedRowsMax = 4096;       ///< rows with a remembered refusal
inline constexpr std::size_t kSpanMax = 4096;             ///< from a lane's cursor to its publish head
inline constexpr std::size_t kPurgeRowsMax = 500;         ///< rows of one range delete (about 25 WAL frames)
inline constexpr std::size_t kPurgeBytesMax = 1024 * 1024;  ///< ... and data bytes: long rows cost page reads
inline constexpr std::size_t kGapRowsMax = 256;  ///< gap records of a lane; beyond it neighbours merge
inline constexpr std::size_t kIdempotencyKeyBytesMax = 64;
inline constexpr std::size_t kIdempotencyKeysMax = 4096;  ///< remembered; the oldest is forgotten
inline constexpr std::size_t kCheckRowsMax = 500;         ///< rows of one slice of a check
inline constexpr std::size_t kControlRecordsMax = 256;    ///< gap and epoch records handed out at once
inline constexpr std::size_t kRelaysMax = 8;              ///< relay threads of one outbox
inline constexpr std::size_t kFetchEventsMax = 256;       ///< events of one fetch
inline constexpr std::size_t kFetchBytesMax = 1024 * 1024;
inline constexpr std::size_t kResendRangesMax = 64;        ///< ranges of one resend request
inline constexpr std::int64_t kResendEventsMax = 100'000;  ///< seqs that one request may name
inline constexpr std::size_t kResendRequestsMax = 16;      ///< requests that wait or are being answered
inline constexpr std::size_t kQuarantinePageMax = 256;     ///< quarantined events of one listing
inline constexpr std::size_t kParkedTopicsMax = 64;        ///< per lane; beyond it the lane pauses
inline constexpr std::size_t kListEntriesMax = 1000;       ///< state entries of one list call
inline constexpr std::size_t kMessageBytesMax = 2 * 1024 * 1024;  ///< MQTT payload a decoder looks at

}  // namespace holdfast::limits
