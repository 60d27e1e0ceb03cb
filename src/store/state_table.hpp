// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/text_map.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {

/// hf_state: the application's values by key, within a quota. bytes() is what keys, content types and values
/// come to: counted once at open, kept in step by put() and erase(). A cache of kCachedKeysMax keys knows
/// what a put replaces. After every rollback, of a savepoint or of all, restore_bytes() must be called.
class StateTable {
 public:
  static constexpr std::size_t kCachedKeysMax = 1024;
  static constexpr std::int64_t kNoQuota = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] static Result<StateTable> open(Connection& connection, std::int64_t bytes_max = kNoQuota);

  /// Returns the new version. `full`: the quota would be passed; a put that does not grow the state never is.
  [[nodiscard]] Result<std::int64_t> put(std::string_view key, std::span<const std::byte> value,
                                         std::string_view content_type);
  [[nodiscard]] Result<bool> erase(std::string_view key);
  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key);
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                     std::size_t entries_max);

  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }
  /// A rollback: `bytes` is what bytes() was when it began.
  void restore_bytes(std::int64_t bytes);

 private:
  /// What a put or erase replaces.
  struct Old {
    std::int64_t version = 0;
    std::int64_t bytes = 0;
  };
  /// Null when there is no such key; else valid until the next call.
  [[nodiscard]] Result<Old*> old_of(std::string_view key);
  Old* remember(std::string_view key, const Old& old);

  base::TextMap<Old> known_;
  std::int64_t bytes_ = 0;
  std::int64_t bytes_max_ = kNoQuota;
  Statement old_;
  Statement put_;
  Statement erase_;
  Statement get_;
  Statement list_;
};

}  // namespace holdfast::store
