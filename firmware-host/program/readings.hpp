// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/sensor.hpp>

namespace holdfast::program {

inline constexpr std::string_view kReadingType = "dev.holdfast.reading.v1";
/// On an event that is also written to the ledger: its commit, in nanoseconds since boot.
inline constexpr std::string_view kCommittedAttribute = "committedns";
inline constexpr std::size_t kSimulatedMax = 256;

struct SensorArguments {
  bool machine = true;        ///< this machine's: thermal, hwmon, load, memory, disk
  std::size_t simulated = 0;  ///< seeded ones, at most kSimulatedMax
  std::uint64_t seed = 1;
};

/// All sensors of one program.
class Sensors {
 public:
  Sensors(const SensorArguments& arguments, const std::string& disk_path, PlatformView platform);

  /// What could be read now; the rest is counted.
  [[nodiscard]] std::vector<platform::Reading> read();
  /// `count` readings, one after the other; reads again when all have been handed out. Fewer: there are none.
  [[nodiscard]] std::vector<platform::Reading> take(std::size_t count);
  [[nodiscard]] std::uint64_t errors() const noexcept { return errors_; }

 private:
  std::vector<std::unique_ptr<platform::Sensor>> sensors_;
  std::vector<platform::Reading> waiting_;  // for take(), the next one last
  std::uint64_t errors_ = 0;
};

/// A reading as it is stored: state under its key, and one event of it.
struct PackedReading {
  std::string key;
  std::vector<std::byte> pack;  ///< SenML of one record, application/senml+cbor
};

/// The SenML name is "urn:holdfast:<device>/<key>". The pack carries a time only when the clock is trusted: a
/// wrong time in the data could never be mended, while the event's own is resolved when it is published.
[[nodiscard]] Result<PackedReading> pack_reading(const platform::Reading& reading, const std::string& device,
                                                 const platform::Clock& clock);

/// Writes state and events of all readings into `transaction`, in lane `lane`; with `ledger` also the rows of
/// ledger.hpp. May run more than once, as a WriteBody must.
[[nodiscard]] Result<void> store_readings(Transaction& transaction,
                                          const std::vector<PackedReading>& readings, const std::string& lane,
                                          bool ledger, const platform::Clock& clock);

}  // namespace holdfast::program
