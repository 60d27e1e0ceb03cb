// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// hf_lease: a row for each share that there may be. The caller holds a transaction.
class LeaseTable {
 public:
  [[nodiscard]] static Result<LeaseTable> open(Connection& connection);

  /// Returns the token of this taking, the highest there ever was.
  [[nodiscard]] Result<std::int64_t> take(std::size_t share, std::size_t relay);
  [[nodiscard]] Result<void> let_go(std::size_t share);

 private:
  Statement take_;
  Statement let_go_;
};

}  // namespace holdfast::store
