// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <holdfast/platform/disk.hpp>

namespace holdfast::platform::linux_detail {

/// What a magic number of statfs(2) stands for.
[[nodiscard]] FileSystem file_system_of(std::uint32_t magic);

}  // namespace holdfast::platform::linux_detail
