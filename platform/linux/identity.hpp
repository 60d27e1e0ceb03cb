// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

namespace holdfast::platform::linux_detail {

/// 16 hex digits over all parts; empty when every part is empty. FNV-1a 64: it tells devices apart, it hides
/// nothing and resists nobody.
[[nodiscard]] std::string fingerprint_of(std::span<const std::string> parts);

/// The host name as a device id: other characters become '-', at most 64 remain; empty stays empty.
[[nodiscard]] std::string device_name_of(const std::string& host_name);

}  // namespace holdfast::platform::linux_detail
