// SPDX-License-Identifier: MIT
#include "store/text_table.hpp"

#include <holdfast/limits.hpp>

namespace holdfast::store {
namespace {

constexpr std::string_view kFind = "SELECT id FROM hf_text WHERE text = ?1";
constexpr std::string_view kInsert = "INSERT INTO hf_text (id, text) SELECT ?1, ?2";
constexpr std::string_view kRead = "SELECT text FROM hf_text WHERE id = ?1";
constexpr std::string_view kHighest = "SELECT coalesce(max(id), 0) FROM hf_text";

}  // namespace

Result<TextTable> TextTable::open(Connection& connection) {
  TextTable table;
  const auto prepared = prepare_all(
      connection.handle(),
      {{&table.find_, kFind}, {&table.insert_, kInsert}, {&table.read_, kRead}, {&table.highest_, kHighest}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  if (auto done = table.read_next_id(); !done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<StoredText> TextTable::intern(std::string_view text) {
  const auto known = ids_.find(text);
  if (known != ids_.end()) return known->second;
  const ResetGuard guard(find_);
  const auto found = find_.bind(1, text).step();
  if (!found) return tl::unexpected<Error>(found.error());
  if (*found == Step::row) {
    const std::int64_t id = find_.integer(0);
    remember(id, text);
    return id;
  }
  if (next_id_ > static_cast<std::int64_t>(limits::kInternedTextsMax)) return text;
  const auto id = insert(text);
  if (!id) return tl::unexpected<Error>(id.error());
  return *id;
}

Result<std::int64_t> TextTable::insert(std::string_view text) {
  const std::int64_t id = next_id_;
  auto done = insert_.bind(1, id).bind(2, text).run();
  if (!done && (done.error().native & 0xFF) == SQLITE_CONSTRAINT) {
    // The table has it, and neither its end nor its index say so.
    return fail(ErrorCode::corrupt, "intern a text", done.error().hint, SQLITE_CORRUPT);
  }
  if (!done) return tl::unexpected<Error>(done.error());
  ++next_id_;
  remember(id, text);
  return id;
}

Result<std::optional<std::string>> TextTable::read(const Statement& row, int column) {
  if (!row.is_integer(column)) return std::string(row.text(column));
  const std::int64_t id = row.integer(column);
  const auto known = texts_.find(id);
  if (known != texts_.end()) return known->second;
  const ResetGuard guard(read_);
  const auto found = read_.bind(1, id).step();
  if (!found) return tl::unexpected<Error>(found.error());
  if (*found == Step::done) return std::nullopt;
  std::string text(read_.text(0));
  remember(id, text);
  return text;
}

void TextTable::remember(std::int64_t id, std::string_view text) {
  if (ids_.size() >= kCachedTextsMax) {  // a full cache starts anew: simple, and rare
    ids_.clear();
    texts_.clear();
  }
  ids_.emplace(text, id);
  texts_.emplace(id, text);
}

Result<void> TextTable::read_next_id() {
  const ResetGuard guard(highest_);
  const auto stepped = highest_.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  next_id_ = highest_.integer(0) + 1;
  return {};
}

void TextTable::rolled_back() {
  const std::int64_t given_to = next_id_;
  // Ids given in vain are given again; if they cannot be read now, they are merely skipped.
  if (read_next_id() && next_id_ == given_to)
    return;  // nothing new was in what was undone: all of it still holds
  ids_.clear();
  texts_.clear();
}

void bind_text(Statement& statement, int parameter, const StoredText& text) {
  if (const auto* id = std::get_if<std::int64_t>(&text)) {
    statement.bind(parameter, *id);
  } else {
    statement.bind(parameter, std::get<std::string_view>(text));
  }
}

}  // namespace holdfast::store
