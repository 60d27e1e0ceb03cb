// SPDX-License-Identifier: MIT
#include "inbox/epoch_table.hpp"

#include <algorithm>

namespace holdfast::inbox {

std::optional<std::int64_t> StatedEnds::lowest() const {
  if (ends.empty()) return std::nullopt;
  return *std::min_element(ends.begin(), ends.end());
}

std::optional<std::int64_t> StatedEnds::highest() const {
  if (ends.empty()) return std::nullopt;
  return *std::max_element(ends.begin(), ends.end());
}

Result<void> EpochTable::prepare(sqlite3* db) {
  return store::prepare_all(db, {{&find_, sql::kEpochFind},
                                 {&count_, sql::kEpochCount},
                                 {&insert_, sql::kEpochInsert},
                                 {&update_, sql::kEpochUpdate},
                                 {&children_, sql::kEpochChildren},
                                 {&roots_, sql::kEpochRoots},
                                 {&others_, sql::kEpochOthers},
                                 {&insert_end_, sql::kParentEndInsert},
                                 {&parent_end_, sql::kParentEnd}});
}

Result<std::optional<EpochRow>> EpochTable::find(std::int64_t device, std::int64_t epoch) {
  return first_row(find_.bind(1, device).bind(2, epoch), [](Statement& row) {
    EpochRow found{static_cast<Known>(row.integer(0)), std::nullopt};
    if (!row.is_null(1)) found.parent = row.integer(1);
    return found;
  });
}

Result<bool> EpochTable::learn(std::int64_t device, std::int64_t epoch, Known known) {
  auto row = find(device, epoch);
  if (!row) return failed(row);
  if (*row) {
    if ((*row)->known >= known) return true;
    if (auto done = update(device, epoch, known, (*row)->parent); !done) return failed(done);
    return true;
  }
  auto ordinal = first_row(count_.bind(1, device).bind(2, kEpochsMax), first_integer);
  if (!ordinal) return failed(ordinal);
  if (!*ordinal) return false;
  insert_.bind(1, device).bind(2, epoch).bind(3, **ordinal).bind(4, static_cast<std::int64_t>(known));
  if (auto done = insert_.run(); !done) return failed(done);
  return true;
}

Result<void> EpochTable::announce(std::int64_t device, const EpochRecord& record) {
  std::optional<std::int64_t> parent;
  if (record.parent) parent = to_row(*record.parent);
  if (auto done = update(device, to_row(record.epoch), Known::announced, parent); !done) return done;
  for (const LaneEnd& end : record.parent_ends) {
    insert_end_.bind(1, device).bind(2, to_row(record.epoch));
    insert_end_.bind(3, std::string_view(end.lane)).bind(4, end.last);
    if (auto done = insert_end_.run(); !done) return done;
  }
  return {};
}

Result<std::vector<std::int64_t>> EpochTable::children(std::int64_t device,
                                                       std::optional<std::int64_t> parent) {
  if (!parent) return all_rows(roots_.bind(1, device), first_integer);
  return all_rows(children_.bind(1, device).bind(2, *parent), first_integer);
}

Result<bool> EpochTable::knows_others(std::int64_t device, std::int64_t epoch) {
  return first_row(others_.bind(1, device).bind(2, epoch), first_integer)
      .map([](std::optional<std::int64_t> one) { return one.has_value(); });
}

Result<std::int64_t> EpochTable::parent_end(std::int64_t device, std::int64_t child, std::string_view lane) {
  return first_row(parent_end_.bind(1, device).bind(2, child).bind(3, lane), first_integer)
      .map([](std::optional<std::int64_t> last) { return last.value_or(0); });
}

Result<StatedEnds> EpochTable::stated_ends(std::int64_t device, std::int64_t epoch, std::string_view lane) {
  auto known = children(device, epoch);
  if (!known) return failed(known);
  StatedEnds stated{std::move(*known), {}};
  for (const std::int64_t child : stated.children) {
    auto end = parent_end(device, child, lane);
    if (!end) return failed(end);
    stated.ends.push_back(*end);
  }
  return stated;
}

Result<void> EpochTable::update(std::int64_t device, std::int64_t epoch, Known known,
                                std::optional<std::int64_t> parent) {
  update_.bind(1, device).bind(2, epoch).bind(3, static_cast<std::int64_t>(known));
  if (parent) {
    update_.bind(4, *parent);
  } else {
    update_.bind_null(4);
  }
  return update_.run();
}

}  // namespace holdfast::inbox
