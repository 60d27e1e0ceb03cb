// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// hf_state: the application's values by key.
class StateTable {
 public:
  [[nodiscard]] static Result<StateTable> open(Connection& connection);

  [[nodiscard]] Result<std::int64_t> put(std::string_view key, std::span<const std::byte> value,
                                         std::string_view content_type);
  [[nodiscard]] Result<bool> erase(std::string_view key);
  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key);
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                     std::size_t entries_max);

 private:
  sqlite3* db_ = nullptr;
  Statement put_;
  Statement erase_;
  Statement get_;
  Statement list_;
};

}  // namespace holdfast::store
