// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <string_view>

/// What may be stored: checked before anything is written, so that nothing unpublishable gets a seq.
namespace holdfast::store {

[[nodiscard]] Result<void> check_event(const Event& event, std::size_t data_bytes_max);
[[nodiscard]] Result<void> check_state(std::string_view key, std::size_t value_bytes,
                                       std::string_view content_type);
[[nodiscard]] Result<void> check_options(const StoreOptions& options);

}  // namespace holdfast::store
