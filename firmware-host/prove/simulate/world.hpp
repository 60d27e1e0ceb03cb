// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/sim.hpp>
#include <vector>

/// Devices, a broker and a backend on one thread in virtual time. Real: the stores, the relays, the inbox, SQLite.
/// Simulated: clocks, broker and network, disks if the caller wants, and the loops that the runtime's threads run elsewhere.
/// `holdfast simulate` and tests/sim live in this world.
namespace holdfast::prove {

/// What a participant needs from the world it is in. The platform's clock shows the world's time; its wall clock may differ.
struct Surroundings {
  platform::sim::VirtualClock& clock;
  platform::sim::ScriptedBroker& broker;
  PlatformView platform;
};

/// Who acts by himself.
class Actor {
 public:
  Actor() = default;
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  /// Does what is due, a bounded part of it; returns when there is more to do. Now or before: at once.
  [[nodiscard]] virtual Instant step() = 0;
  /// True once after something has happened to it: it has to be stepped although nothing is due.
  [[nodiscard]] virtual bool called() { return false; }
};

class World {
 public:
  World() = default;

  /// It must live as long as the world runs. They act in the order in which they came.
  void add(Actor& actor) { places_.push_back({&actor, Instant::min()}); }

  /// Lets time pass, stepping everybody who has something to do. Aborts when somebody spins.
  void run_for(Duration time);
  /// False when `done` did not come true within `patience`.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration patience);

  platform::sim::VirtualClock clock;
  platform::sim::ScriptedBroker broker{clock};

 private:
  struct Place {
    Actor* actor = nullptr;
    Instant due;
  };
  [[nodiscard]] Instant settle_down();

  std::vector<Place> places_;
};

/// The world's time with a wall clock of its own, which may be wrong.
class DeviceClock final : public platform::Clock {
 public:
  explicit DeviceClock(platform::sim::VirtualClock& world) : world_(world) {}
  [[nodiscard]] Instant now() const noexcept override { return world_.now(); }
  [[nodiscard]] platform::WallTime wall() const noexcept override {
    return {world_.wall().utc + error_, trusted_};
  }
  bool wait_until(Instant deadline, platform::Waker& waker) override {
    return world_.wait_until(deadline, waker);
  }
  /// From now on it is wrong by so much.
  void set_error(Duration error, bool trusted) {
    error_ = error;
    trusted_ = trusted;
  }

 private:
  platform::sim::VirtualClock& world_;
  Duration error_{};
  bool trusted_ = true;
};

}  // namespace holdfast::prove
