// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/result.hpp>

#include "prove/kill/contender.hpp"
#include "prove/kill/link.hpp"

namespace holdfast::prove {

/// What a device process of `prove kill` is to do. All contenders get the same.
struct DeviceWork {
  std::string store;         ///< its database
  std::string url;           ///< the broker
  std::uint64_t seed = 0;    ///< names the device
  std::uint64_t events = 0;  ///< then it ends, when all are acknowledged; 0: it goes on until it is killed
  [[nodiscard]] std::string device() const { return "kill-" + std::to_string(seed); }
};

/// Between two events.
inline constexpr std::chrono::milliseconds kEventPeriod{2};
/// The contenders' broker options and patience are the same, too.
[[nodiscard]] BrokerOptions broker_of(const DeviceWork& work);
inline constexpr std::chrono::milliseconds kAckTimeout{1'000};
inline constexpr std::chrono::milliseconds kBackoffMin{10};
inline constexpr std::chrono::milliseconds kBackoffMax{100};

/// The dual write as a careful programmer writes it without an outbox: state and a note of the event are committed to
/// SQLite (WAL, synchronous=FULL); the event is published at QoS 1, and its PUBACK awaited; without one it connects anew
/// and publishes again, as long as it takes. Only then comes the next event. There are two orders, and each has a gap
/// between its two writes in which only this process's memory knows that the second one is due:
///   commit_first   what was committed and not yet published is never published
///   publish_first  what was published and not yet committed never happened
/// An id names one event in both: its first half is drawn anew by each process.
[[nodiscard]] Result<void> run_naive_device(const DeviceWork& work, Contender order, Reaper& reaper);

}  // namespace holdfast::prove
