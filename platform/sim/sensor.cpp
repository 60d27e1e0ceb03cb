// SPDX-License-Identifier: MIT
#include <cmath>
#include <numbers>

#include <holdfast/platform/sim.hpp>

namespace holdfast::platform::sim {
namespace {

/// 20 +- 5 over ten minutes, with noise of +- 0.1: looks like a room, and is the same on every run.
class SeededSensor final : public Sensor {
 public:
  SeededSensor(std::string name, std::string unit, std::uint64_t seed, const Clock& clock)
      : name_(std::move(name)), unit_(std::move(unit)), noise_(seed), clock_(clock) {}

  [[nodiscard]] std::string name() const override { return name_; }

  [[nodiscard]] Result<std::vector<Reading>> read() override {
    const Instant now = clock_.now();
    const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
    const double slow = 20 + 5 * std::sin(2 * std::numbers::pi * seconds / 600);
    const double noise = static_cast<double>(noise_.next() % 2001) / 10'000 - 0.1;
    return std::vector<Reading>{{"sim/" + name_, name_, unit_, slow + noise, now}};
  }

 private:
  std::string name_;
  std::string unit_;
  SeededEntropy noise_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Sensor> make_seeded_sensor(std::string name, std::string unit, std::uint64_t seed,
                                           const Clock& clock) {
  return std::make_unique<SeededSensor>(std::move(name), std::move(unit), seed, clock);
}

}  // namespace holdfast::platform::sim
