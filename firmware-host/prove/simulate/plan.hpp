// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/time.hpp>
#include <string_view>
#include <vector>

/// What a simulation is to do: pure, from a seed. Swarm testing: each seed draws which troubles there are at all, how often
/// they come and how long they last, so that rare ones are not drowned by frequent ones.
namespace holdfast::prove {

enum class Mishap : std::uint8_t {
  // of one device
  kill,       ///< kill -9 between two of its steps
  power_cut,  ///< what was not flushed is lost, in part, torn, or destroyed
  cut_at_work,  ///< the same, or a kill, after some operations of the disk: in the middle of a commit or a checkpoint
  restart,      ///< an orderly one
  partition,    ///< its network is away
  half_open,    ///< its packets vanish
  slow,         ///< a long way to the broker
  lossy,        ///< packets are lost, and TCP sends them again
  refusals,     ///< the broker refuses some or all of its events
  clock_jump,   ///< its wall clock
  burst,        ///< more events, and large ones
  older_image,  ///< its image is replaced by an older copy: a restored backup, a card that was rolled back
  twin,         ///< a copy of its image goes on on another board, and the first comes back later
  new_board,    ///< its card goes into another board
  // of all
  broker_restart,   ///< with its data
  broker_wipe,      ///< without its data: sessions, queued and retained messages are gone
  broker_full,      ///< refuses connections for a while
  disconnects,      ///< the broker closes all connections
  lost_acks,        ///< it takes messages, and the PUBACKs never leave
  narrow,           ///< a small Receive Maximum
  backend_kill,     ///< kill -9 of the backend
  backend_unacked,  ///< it dies after the commit and before the acknowledgement
  backend_cut,      ///< power cut of the backend, between two steps or at work
};
inline constexpr std::size_t kTroubles = 23;
inline constexpr std::size_t kDeviceTroubles = 14;
inline constexpr std::array<std::string_view, kTroubles> kTroubleNames = {
    "kill",      "power cut", "cut at work",    "restart",         "partition",   "half-open",
    "slow",      "lossy",     "refusals",       "clock jump",      "burst",       "older image",
    "twin",      "new board", "broker restart", "broker wipe",     "broker full", "disconnects",
    "lost acks", "narrow",    "backend kill",   "backend unacked", "backend cut"};
[[nodiscard]] constexpr std::string_view to_string(Mishap trouble) noexcept {
  return kTroubleNames[static_cast<std::size_t>(trouble)];
}

struct TroublePlan {
  Mishap trouble = Mishap::kill;
  Duration every{};  ///< on the average
  Duration lasts{};  ///< likewise; 0: it has no end
};

enum class Scenario : std::uint8_t {
  outage = 0,  ///< the first device sees no broker from the beginning to the end, at an event a second
  swarm = 1,   ///< all devices live with the troubles that the seed draws
};
[[nodiscard]] constexpr std::string_view to_string(Scenario scenario) noexcept {
  return scenario == Scenario::outage ? "outage" : "swarm";
}

struct SimulateOptions {
  std::uint64_t seed = 1;
  std::int64_t days = 30;
  std::size_t devices = 3;
  Scenario scenario = Scenario::outage;
};
inline constexpr std::int64_t kSimulatedDaysMax = 3650;
inline constexpr std::size_t kSimulatedDevicesMax = 64;
inline constexpr std::size_t kSimulatedSamples = 720;  ///< looks at a device for its chart

struct DevicePlan {
  bool is_cut_off = false;  ///< no broker until the end
  Duration period{};        ///< between two events
  std::uint64_t budget_bytes = 0;
  WhenFull telemetry = WhenFull::drop_oldest;
  WhenFull bulk = WhenFull::keep_latest;
  std::size_t data_bytes = 0;  ///< of an ordinary event, about
  unsigned keys = 1;           ///< of the bulk lane; 1: it has no events
  Duration sample_period{};    ///< between two looks for the chart
  std::vector<TroublePlan> troubles;
};

struct SimulatePlan {
  SimulateOptions options;
  Duration span{};
  std::vector<DevicePlan> devices;
  std::vector<TroublePlan> common;
  std::size_t session_messages_max = 0;  ///< that the broker queues for the backend
  Duration look_period{};                ///< the backend looks for what is missing not more often
};

[[nodiscard]] SimulatePlan plan_simulation(const SimulateOptions& options);

}  // namespace holdfast::prove
