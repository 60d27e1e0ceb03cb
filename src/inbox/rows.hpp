// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/event.hpp>
#include <holdfast/result.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "store/sqlite.hpp"

/// Reading rows, for the inbox's tables.
namespace holdfast::inbox {

using store::Statement;
using store::Step;

/// `return failed(result);`
template <class T>
[[nodiscard]] tl::unexpected<Error> failed(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

/// The first row as `read(statement)` sees it, or nothing. Resets the statement.
template <class Read>
[[nodiscard]] auto first_row(Statement& statement, Read read)
    -> Result<std::optional<decltype(read(statement))>> {
  const store::ResetGuard guard(statement);
  auto stepped = statement.step();
  if (!stepped) return failed(stepped);
  if (*stepped == Step::done) return std::nullopt;
  return read(statement);
}

/// Every row. Resets the statement.
template <class Read>
[[nodiscard]] auto all_rows(Statement& statement, Read read)
    -> Result<std::vector<decltype(read(statement))>> {
  const store::ResetGuard guard(statement);
  std::vector<decltype(read(statement))> rows;
  for (;;) {
    auto stepped = statement.step();
    if (!stepped) return failed(stepped);
    if (*stepped == Step::done) return rows;
    rows.push_back(read(statement));
  }
}

[[nodiscard]] inline std::int64_t first_integer(Statement& statement) { return statement.integer(0); }

/// An epoch's 64 bits as SQLite keeps them.
[[nodiscard]] inline std::int64_t to_row(Epoch epoch) noexcept {
  return static_cast<std::int64_t>(epoch.bits);
}
[[nodiscard]] inline Epoch to_epoch(std::int64_t row) noexcept {
  return Epoch{static_cast<std::uint64_t>(row)};
}

/// The stream that seqs belong to: a row of hf_in_source and an epoch.
struct Stream {
  std::int64_t source = 0;
  std::int64_t epoch = 0;
};

}  // namespace holdfast::inbox
