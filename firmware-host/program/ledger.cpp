// SPDX-License-Identifier: MIT
#include "program/ledger.hpp"

#include <sqlite3.h>

#include <charconv>
#include <memory>
#include <optional>

#include "program/readings.hpp"

namespace holdfast::program {
namespace {

constexpr const char* kMakeCommitted =
    "CREATE TABLE IF NOT EXISTS demo_committed (lane TEXT NOT NULL, seq INTEGER NOT NULL, epoch TEXT NOT "
    "NULL, "
    "id TEXT PRIMARY KEY NOT NULL, committed_ns INTEGER NOT NULL)";
constexpr const char* kNoteCommitted =
    "INSERT INTO demo_committed (lane, seq, epoch, id, committed_ns) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kMakeEffects =
    "CREATE TABLE IF NOT EXISTS effects (id TEXT NOT NULL, source TEXT NOT NULL, committed_ns INTEGER, "
    "applied_ns INTEGER NOT NULL)";
constexpr const char* kNoteEffect =
    "INSERT INTO effects (id, source, committed_ns, applied_ns) VALUES (?1, ?2, ?3, ?4)";

[[nodiscard]] tl::unexpected<Error> failed(sqlite3* db) {
  const int rc = sqlite3_extended_errcode(db);
  switch (rc & 0xFF) {
    case SQLITE_FULL: return fail(ErrorCode::full, "write the ledger", sqlite3_errmsg(db), rc);
    case SQLITE_ERROR:  // a table of this name with other columns
      return fail(ErrorCode::invalid, "write the ledger", sqlite3_errmsg(db), rc);
    default: return fail(ErrorCode::io_error, "write the ledger", sqlite3_errmsg(db), rc);
  }
}

[[nodiscard]] Result<void> execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(db);
  return {};
}

/// One INSERT, finalized when it goes: nothing may be left when the closure returns.
class Insert {
 public:
  Insert(sqlite3* db, const char* sql) : db_(db) {
    sqlite3_stmt* handle = nullptr;
    ok_ = sqlite3_prepare_v2(db, sql, -1, &handle, nullptr) == SQLITE_OK;
    statement_.reset(handle);
  }
  Insert& bind(const std::string& text) {
    const auto bytes = static_cast<int>(text.size());
    ok_ = ok_ &&
          sqlite3_bind_text(statement_.get(), next_++, text.data(), bytes, SQLITE_TRANSIENT) == SQLITE_OK;
    return *this;
  }
  Insert& bind(std::optional<std::int64_t> number) {
    const int at = next_++;
    ok_ = ok_ && (number ? sqlite3_bind_int64(statement_.get(), at, *number)
                         : sqlite3_bind_null(statement_.get(), at)) == SQLITE_OK;
    return *this;
  }
  [[nodiscard]] Result<void> run() {
    if (!ok_ || sqlite3_step(statement_.get()) != SQLITE_DONE) return failed(db_);
    return {};
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool ok_ = false;
  int next_ = 1;
};

[[nodiscard]] std::optional<std::int64_t> committed_ns(const CloudEvent& event) {
  const std::string* text = event.attribute(kCommittedAttribute);
  std::int64_t value = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

Result<void> make_committed_table(sqlite3* db) { return execute(db, kMakeCommitted); }

Result<void> note_committed(sqlite3* db, const EventId& id, std::int64_t now_ns) {
  return Insert(db, kNoteCommitted)
      .bind(id.lane)
      .bind(id.seq)
      .bind(id.epoch.text())
      .bind(id.text())
      .bind(now_ns)
      .run();
}

Result<void> make_effects_table(sqlite3* db) { return execute(db, kMakeEffects); }

Result<void> note_effect(sqlite3* db, const CloudEvent& event, std::int64_t now_ns) {
  return Insert(db, kNoteEffect)
      .bind(event.id)
      .bind(event.source)
      .bind(committed_ns(event))
      .bind(now_ns)
      .run();
}

}  // namespace holdfast::program
