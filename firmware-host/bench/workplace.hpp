// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/result.hpp>
#include <string>

namespace holdfast::bench {

/// The databases in it.
inline constexpr const char* kOurFile = "ours.db";
inline constexpr const char* kSmallFile = "ours-small.db";
inline constexpr const char* kRawFile = "raw.db";
inline constexpr const char* kGrowthFile = "growth.db";    // of `prove growth`
inline constexpr const char* kControlFile = "control.db";  // likewise

/// The directory that the bench works in. One that it made itself goes with it; of another the databases go.
class Workplace {
 public:
  /// Empty: a temporary one in the current directory, which is more likely on a disk than /tmp. `invalid`,
  /// `io_error`.
  [[nodiscard]] static Result<Workplace> make(const std::string& directory);
  ~Workplace();
  Workplace(Workplace&& other) noexcept;
  Workplace& operator=(Workplace&&) = delete;
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Removes a database, its WAL and its -shm file. Nobody may have it open.
  static void remove_database(const std::string& path);

 private:
  Workplace(std::string path, bool is_temporary) : path_(std::move(path)), is_temporary_(is_temporary) {}
  std::string path_;
  bool is_temporary_;
};

/// A store for measuring: constant footprint, nothing retained, one lane.
[[nodiscard]] StoreOptions measured_store(std::string path, std::uint64_t budget_bytes);

inline constexpr const char* kLane = "telemetry";

}  // namespace holdfast::bench
