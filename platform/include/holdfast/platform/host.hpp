// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::platform {

/// Who and what this machine is. Thread-safe; none of the members fails: what is unknown is empty.
class Host {
 public:
  virtual ~Host() = default;
  /// Changes with every boot of the machine (/proc/sys/kernel/random/boot_id), 1 to 64 bytes.
  [[nodiscard]] virtual std::string boot_id() const = 0;
  /// Hash of what identifies the hardware (serial number, machine id), 16 hex digits: differs on a clone.
  [[nodiscard]] virtual std::string fingerprint() const = 0;
  /// A sensible default device id, [A-Za-z0-9._-]{1,64}: the host name.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::int64_t process_id() const = 0;
};

}  // namespace holdfast::platform
