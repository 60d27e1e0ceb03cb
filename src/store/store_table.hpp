// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/result.hpp>
#include <string>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// The one row of hf_store.
struct StoreRecord {
  std::string device;              ///< empty: a new store
  std::uint64_t budget_bytes = 0;  ///< 0: never set
  bool growing = false;
  bool clean = false;     ///< the last opening that wrote ended by close()
  bool restored = false;  ///< a backup in which no event was written since it was made
  std::int64_t table_pages = 0;
};

/// hf_store: what the store is, and how it was left. The caller holds a transaction for every change.
class StoreTable {
 public:
  [[nodiscard]] static Result<StoreTable> open(Connection& connection);

  [[nodiscard]] Result<StoreRecord> read();
  [[nodiscard]] Result<void> create(const std::string& device);
  [[nodiscard]] Result<void> set_budget(std::uint64_t budget_bytes, bool growing);
  [[nodiscard]] Result<void> set_clean(bool clean);
  [[nodiscard]] Result<void> set_restored(bool restored);
  [[nodiscard]] Result<void> set_table_pages(std::int64_t pages);

 private:
  Statement read_;
  Statement create_;
  Statement set_budget_;
  Statement set_clean_;
  Statement set_restored_;
  Statement set_table_pages_;
};

}  // namespace holdfast::store
