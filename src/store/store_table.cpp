// SPDX-License-Identifier: MIT
#include "store/store_table.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kRead =
    "SELECT device, budget_bytes, growing, clean, restored, table_pages FROM hf_store WHERE id = 1";
constexpr std::string_view kCreate = "INSERT INTO hf_store (id, device) SELECT 1, ?1";
constexpr std::string_view kSetBudget = "UPDATE hf_store SET budget_bytes = ?1, growing = ?2 WHERE id = 1";
constexpr std::string_view kSetClean = "UPDATE hf_store SET clean = ?1 WHERE id = 1";
constexpr std::string_view kSetRestored = "UPDATE hf_store SET restored = ?1 WHERE id = 1";
constexpr std::string_view kSetTablePages = "UPDATE hf_store SET table_pages = ?1 WHERE id = 1";

}  // namespace

Result<StoreTable> StoreTable::open(Connection& connection) {
  StoreTable table;
  const auto prepared = prepare_all(connection.handle(), {{&table.read_, kRead},
                                                          {&table.create_, kCreate},
                                                          {&table.set_budget_, kSetBudget},
                                                          {&table.set_clean_, kSetClean},
                                                          {&table.set_restored_, kSetRestored},
                                                          {&table.set_table_pages_, kSetTablePages}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<StoreRecord> StoreTable::read() {
  const ResetGuard guard(read_);
  const auto stepped = read_.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return StoreRecord{};
  return StoreRecord{std::string(read_.text(0)), static_cast<std::uint64_t>(read_.integer(1)),
                     read_.integer(2) != 0,      read_.integer(3) != 0,
                     read_.integer(4) != 0,      read_.integer(5)};
}

Result<void> StoreTable::create(const std::string& device) { return create_.bind(1, device).run(); }

Result<void> StoreTable::set_budget(std::uint64_t budget_bytes, bool growing) {
  return set_budget_.bind(1, static_cast<std::int64_t>(budget_bytes))
      .bind(2, std::int64_t{growing ? 1 : 0})
      .run();
}

Result<void> StoreTable::set_clean(bool clean) {
  return set_clean_.bind(1, std::int64_t{clean ? 1 : 0}).run();
}

Result<void> StoreTable::set_restored(bool restored) {
  return set_restored_.bind(1, std::int64_t{restored ? 1 : 0}).run();
}

Result<void> StoreTable::set_table_pages(std::int64_t pages) { return set_table_pages_.bind(1, pages).run(); }

}  // namespace holdfast::store
