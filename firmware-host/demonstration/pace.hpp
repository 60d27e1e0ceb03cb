// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/result.hpp>
#include <holdfast/time.hpp>

namespace holdfast::demo {

/// What one flush to the disk under `directory` takes: the median of some. `io_error`.
[[nodiscard]] Result<Duration> measure_flush(const std::string& directory);

/// Events a second that leave the three processes room to catch up after an outage, 5 to 100. The consumer
/// commits each message by itself, so it flushes once per event, and the other two flush beside it.
[[nodiscard]] std::uint64_t events_per_s_for(Duration flush);

}  // namespace holdfast::demo
