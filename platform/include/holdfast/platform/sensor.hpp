// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <holdfast/result.hpp>
#include <holdfast/time.hpp>

namespace holdfast::platform {

/// One measured value.
struct Reading {
  std::string key;   ///< "thermal/cpu-thermal", "sysinfo/load1": stable across boots, an event key
  std::string name;  ///< SenML name, [A-Za-z0-9][A-Za-z0-9:./_-]*: "cpu-thermal", "load1"
  std::string unit;  ///< SenML unit (RFC 8428 section 12.1), empty: none
  double value = 0;
  Instant taken_at;
};

/// A source of readings. Asked of an implementation: read() returns within a second, reports what it could
/// read and leaves out the rest, and never keeps a file open between calls. One thread at a time.
class Sensor {
 public:
  virtual ~Sensor() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// Zero or more readings; a source that is not there gives none. `io_error` when a present source cannot be
  /// read at all.
  [[nodiscard]] virtual Result<std::vector<Reading>> read() = 0;
};

}  // namespace holdfast::platform
