// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/result.hpp>

namespace holdfast::prove {

/// The control: an outbox table as it is often made, polled by `WHERE published_at IS NULL ORDER BY id LIMIT 100` without
/// an index, with so many published rows before the 100 that wait. Milliseconds of one poll, a median. If this did not
/// grow, the measurement could not see growth. Makes the database and removes it. `io_error`.
[[nodiscard]] Result<double> naive_poll_ms(const std::string& path, std::uint64_t rows);

}  // namespace holdfast::prove
