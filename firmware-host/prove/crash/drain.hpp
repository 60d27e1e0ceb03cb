// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/platform/sim.hpp>
#include <string>

#include "store/store.hpp"

/// A small adapter: one relay, one store, one thread, virtual time.
namespace holdfast::prove {

struct DrainOutcome {
  bool drained = false;  ///< everything committed is settled, and no record waits
  std::string trouble;   ///< what the store said when it could not
};

/// Runs the product's relay over a scripted broker until nothing waits, at most for kDrainMax of virtual time. The broker
/// hands each message to `take` and acknowledges it.
inline constexpr std::chrono::minutes kDrainMax{10};
[[nodiscard]] DrainOutcome drain_to(store::Store& store, platform::sim::VirtualClock& clock,
                                    platform::Entropy& entropy,
                                    const std::function<void(const MqttMessage&)>& take);

}  // namespace holdfast::prove
