// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// hf_key: the first answers of writes that carried an idempotency key, the newest limits::kIdempotencyKeysMax. An
/// answer is kept as one line per run of events of one lane: "<epoch> <lane> <first seq> <count>\n".
class KeyTable {
 public:
  [[nodiscard]] static Result<KeyTable> open(Connection& connection);

  /// The first answer to this key, marked as repeated.
  [[nodiscard]] Result<std::optional<Receipt>> find(std::string_view key);
  /// Inside the transaction of the write. Forgets the oldest key when there are too many.
  [[nodiscard]] Result<void> add(std::string_view key, const Receipt& receipt);

 private:
  Statement find_;
  Statement add_;
  Statement forget_;
};

}  // namespace holdfast::store
