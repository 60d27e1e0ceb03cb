// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/text_map.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {

/// A text as a row carries it: the id of an interned one, or the text itself.
using StoredText = std::variant<std::int64_t, std::string_view>;

/// hf_text: topics, types and content types, each kept once, at most limits::kInternedTextsMax of them. A
/// cache of kCachedTextsMax saves the look-ups, and while it is warm nothing is copied or allocated; after a
/// rollback it must be told, since ids may be given again.
class TextTable {
 public:
  static constexpr std::size_t kCachedTextsMax = 1024;

  [[nodiscard]] static Result<TextTable> open(Connection& connection);

  /// The id of `text`, made if need be, inside a transaction. The view in the result is `text` itself.
  [[nodiscard]] Result<StoredText> intern(std::string_view text);
  /// The text in a column of a row being read; nullopt when there is no text of that id, which means damage.
  [[nodiscard]] Result<std::optional<std::string>> read(const Statement& row, int column);
  /// A savepoint or transaction was rolled back.
  void rolled_back();

 private:
  Result<std::int64_t> insert(std::string_view text);
  Result<void> read_next_id();
  void remember(std::int64_t id, std::string_view text);

  Statement find_;
  Statement insert_;
  Statement read_;
  Statement highest_;
  std::int64_t next_id_ = 1;
  base::TextMap<std::int64_t> ids_;
  std::unordered_map<std::int64_t, std::string> texts_;
};

/// Binds either form.
void bind_text(Statement& statement, int parameter, const StoredText& text);

}  // namespace holdfast::store
