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

// SQLite puts a new statement at the head of its list, so only what is before our newest need be looked at:
// our own are many, and there is a closure per caller.
void Fence::enter_closure(Access access) {
  newest_ = sqlite3_next_stmt(db_, nullptr);
  if (!leftovers_.empty()) pass_leftovers();
  access_ = access;
  in_closure_ = true;
}

// Their owners may finalize them at any time, so none of them can mark where ours begin.
void Fence::pass_leftovers() {
  std::vector<sqlite3_stmt*> still;
  const auto is_leftover = [&] {
    return std::find(leftovers_.begin(), leftovers_.end(), newest_) != leftovers_.end();
  };
  for (; newest_ != nullptr && is_leftover(); newest_ = sqlite3_next_stmt(db_, newest_))
    still.push_back(newest_);
  leftovers_ = std::move(still);
}

Result<void> Fence::leave_closure() {
  access_ = Access::ours;
  in_closure_ = false;
  bool clean = true;
  for (sqlite3_stmt* s = sqlite3_next_stmt(db_, nullptr); s != newest_ && s != nullptr;
       s = sqlite3_next_stmt(db_, s)) {
    const bool known = std::find(leftovers_.begin(), leftovers_.end(), s) != leftovers_.end();
    if (known && sqlite3_stmt_busy(s) == 0) continue;
    sqlite3_reset(s);
    if (!known) leftovers_.push_back(s);
    clean = false;
  }
  if (clean) return {};
  return fail(ErrorCode::invalid, "finish the closure",
              "it left a statement behind; finalize every statement before the closure returns");
}

}  // namespace holdfast::store
