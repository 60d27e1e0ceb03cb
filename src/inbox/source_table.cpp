// SPDX-License-Identifier: MIT
#include "inbox/source_table.hpp"

#include <algorithm>

namespace holdfast::inbox {
namespace {

SourceRow read_source(Statement& row) { return {row.integer(0), row.integer(1)}; }

}  // namespace

Result<void> SourceTable::prepare(sqlite3* db, std::size_t sources_max) {
  sources_max_ = static_cast<std::int64_t>(std::min<std::size_t>(sources_max, INT32_MAX));
  return store::prepare_all(db, {{&find_device_, sql::kDeviceFind},
                                 {&insert_device_, sql::kDeviceInsert},
                                 {&find_source_, sql::kSourceFind},
                                 {&insert_source_, sql::kSourceInsert},
                                 {&count_, sql::kSourceCount},
                                 {&of_device_, sql::kSourceOfDevice}});
}

Result<std::optional<std::int64_t>> SourceTable::device(std::string_view name) {
  auto known = first_row(find_device_.bind(1, name), first_integer);
  if (!known || *known) return known;
  return first_row(insert_device_.bind(1, name).bind(2, sources_max_), first_integer);
}

Result<std::optional<SourceRow>> SourceTable::source(std::string_view name, std::int64_t device,
                                                     std::string_view lane) {
  auto known = first_row(find_source_.bind(1, name), read_source);
  if (!known || *known) return known;
  insert_source_.bind(1, name).bind(2, device).bind(3, lane).bind(4, sources_max_);
  return first_row(insert_source_, read_source);
}

Result<std::vector<LaneRow>> SourceTable::lanes_of(std::int64_t device) {
  return all_rows(of_device_.bind(1, device), [](Statement& row) {
    return LaneRow{row.integer(0), std::string(row.text(1))};
  });
}

Result<std::int64_t> SourceTable::count() {
  return first_row(count_, first_integer).map([](std::optional<std::int64_t> count) { return *count; });
}

}  // namespace holdfast::inbox
