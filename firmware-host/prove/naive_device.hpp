// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/result.hpp>

#include "prove/kill_link.hpp"

namespace holdfast::prove {

/// What a device process of `prove kill` is to do. Both contenders get the same.
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

/// The dual write as a careful programmer writes it without an outbox: commits state and a note of the event to SQLite
/// (WAL, synchronous=FULL), then publishes at QoS 1 and waits for the PUBACK; without one it connects anew and
/// publishes again, as long as it takes. Only then comes the next event. What it has committed and not yet published is
/// known to its memory alone.
[[nodiscard]] Result<void> run_naive_device(const DeviceWork& work, Reaper& reaper);

}  // namespace holdfast::prove
