// SPDX-License-Identifier: MIT
#include "store/fence.hpp"

#include <algorithm>
#include <string_view>

namespace holdfast::store {
namespace {

bool is_ours(const char* name) noexcept {
  if (name == nullptr) return false;
  const std::string_view text(name);
  // SQLite folds the case of ASCII names.
  return text.size() >= 3 && (text[0] | 0x20) == 'h' && (text[1] | 0x20) == 'f' && text[2] == '_';
}

bool is_control(int action) noexcept {
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_PRAGMA: return true;
    default: return false;
  }
}

bool is_changing(int action) noexcept {
  return action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
}

bool is_reading(int action) noexcept {
  return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
         action == SQLITE_RECURSIVE;
}

}  // namespace

Fence::Fence(sqlite3* db) : db_(db) {
  sqlite3_set_authorizer(db_, &Fence::authorize, this);
  sqlite3_commit_hook(db_, &Fence::on_commit, this);
}

Fence::~Fence() {
  sqlite3_set_authorizer(db_, nullptr, nullptr);
  sqlite3_commit_hook(db_, nullptr, nullptr);
}

int Fence::on_commit(void* self) noexcept { return static_cast<const Fence*>(self)->in_closure_ ? 1 : 0; }

int Fence::authorize(void* self, int action, const char* first, const char* second, const char* /*database*/,
                     const char* /*trigger*/) noexcept {
  const Access access = static_cast<const Fence*>(self)->access_;
  if (access == Access::ours) return SQLITE_OK;
  if (is_control(action)) return SQLITE_DENY;
  if (access == Access::caller_reads && !is_reading(action)) return SQLITE_DENY;
  // It numbers our gap records, whose ids must never come again.
  if (is_changing(action) && first != nullptr && std::string_view(first) == "sqlite_sequence")
    return SQLITE_DENY;
  // The arguments name the object and its table, in an order that depends on the action; a function may be
  // called whatever it likes.
  if (action != SQLITE_FUNCTION && (is_ours(first) || is_ours(second))) return SQLITE_DENY;
  return SQLITE_OK;
}

void Fence::enter_closure(Access access) {
  known_.clear();
  for (sqlite3_stmt* s = sqlite3_next_stmt(db_, nullptr); s != nullptr; s = sqlite3_next_stmt(db_, s)) {
    known_.push_back(s);
  }
  access_ = access;
  in_closure_ = true;
}

Result<void> Fence::leave_closure() {
  access_ = Access::ours;
  in_closure_ = false;
  bool clean = true;
  auto expected = known_.begin();  // usually nothing has changed, and both lists agree
  for (sqlite3_stmt* s = sqlite3_next_stmt(db_, nullptr); s != nullptr; s = sqlite3_next_stmt(db_, s)) {
    if (expected != known_.end() && *expected == s) {
      ++expected;
      continue;
    }
    if (std::find(known_.begin(), known_.end(), s) != known_.end()) continue;
    sqlite3_reset(s);
    clean = false;
  }
  if (clean) return {};
  return fail(ErrorCode::invalid, "finish the closure",
              "it left a statement behind; finalize every statement before the closure returns");
}

}  // namespace holdfast::store
