// SPDX-License-Identifier: MIT
#include "inbox/database.hpp"

#include <exception>

namespace holdfast::inbox {
namespace {

constexpr std::int32_t kApplicationId = 0x48466978;  // "HFix"

Result<void> call(const Effect& effect, const CloudEvent& event, sqlite3* db) {
  try {
    return effect(event, db);
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::invalid, "run the effect", std::string("it threw: ") + thrown.what());
  } catch (...) {
    return fail(ErrorCode::invalid, "run the effect", "it threw");
  }
}

Result<void> run_fenced(store::Fence& fence, const Effect& effect, const CloudEvent& event, sqlite3* db) {
  fence.enter_closure(store::Fence::Access::caller_writes);
  Result<void> done = call(effect, event, db);
  Result<void> clean = fence.leave_closure();
  if (!done) return done;
  if (sqlite3_get_autocommit(db) != 0) {
    return fail(ErrorCode::invalid, "run the effect",
                "an error in it ended the transaction, and it did not return that error");
  }
  return clean;
}

Result<void> set_cache_spill_off(sqlite3* db) {
  if (const int rc = sqlite3_exec(db, "PRAGMA cache_spill=OFF", nullptr, nullptr, nullptr); rc != SQLITE_OK) {
    return store::sqlite_fail(db, rc, "PRAGMA cache_spill=OFF");
  }
  auto statement = Statement::prepare(db, "PRAGMA cache_spill", false);
  if (!statement) return failed(statement);
  auto value = first_row(*statement, first_integer);
  if (!value) return failed(value);
  if (value->value_or(1) != 0)
    return fail(ErrorCode::invalid, "attach inbox", "cache_spill cannot be turned off");
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const InboxOptions& options) {
  std::unique_ptr<Database> database(new Database);
  auto connection = store::Connection::open({options.path, options.vfs, options.create, kApplicationId});
  if (!connection) return failed(connection);
  database->own_.emplace(std::move(*connection));
  database->db_ = database->own_->handle();
  sqlite3_wal_hook(database->db_, &Database::note_frames, database.get());
  database->fence_.emplace(database->db_);
  if (auto done = database->prepare(options); !done) return failed(done);
  // A reopened WAL would otherwise grow from where it was. A failure is found out again when it is due.
  if (!database->checkpoint()) database->checkpoint_at_ = 0;
  return database;
}

Result<std::unique_ptr<Database>> Database::attach(sqlite3* db, const InboxOptions& options) {
  if (db == nullptr) return fail(ErrorCode::invalid, "attach inbox", "there is no connection");
  if (sqlite3_get_autocommit(db) == 0) {
    return fail(ErrorCode::invalid, "attach inbox", "the connection is in a transaction");
  }
  std::unique_ptr<Database> database(new Database);
  database->db_ = db;
  if (auto done = set_cache_spill_off(db); !done) return failed(done);
  if (auto done = database->prepare(options); !done) return failed(done);
  return database;
}

Result<void> Database::prepare(const InboxOptions& options) {
  if (auto done = make_schema(db_); !done) return done;
  auto ledger = Ledger::open(db_, options);
  if (!ledger) return failed(ledger);
  ledger_ = std::move(*ledger);
  return store::prepare_all(db_,
                            {{&begin_, "BEGIN IMMEDIATE"}, {&commit_, "COMMIT"}, {&roll_back_, "ROLLBACK"}});
}

Result<void> Database::begin() {
  if (auto done = begin_.run(); !done) return done;
  auto fresh = ledger_->refresh();
  if (!fresh) roll_back();
  return fresh;
}

Result<void> Database::commit() {
  auto done = commit_.run();
  if (done) {
    ledger_->keep();
    return done;
  }
  Error error = std::move(done.error());
  roll_back();
  switch (error.native & 0xFF) {
    case SQLITE_FULL: error.code = ErrorCode::disk_full; break;  // at COMMIT it is the disk, never a budget
    case SQLITE_BUSY:
    case SQLITE_CONSTRAINT: break;  // nothing was written
    default:
      error.code = ErrorCode::outcome_unknown;
      error.hint += "; apply the event again: it is applied if it was not";
  }
  return tl::unexpected<Error>(std::move(error));
}

void Database::roll_back() noexcept {
  ledger_->forget();
  // A failure leaves the transaction open, and the next begin() says so.
  if (in_transaction()) static_cast<void>(roll_back_.run());
}

Result<void> Database::run(const Effect& effect, const CloudEvent& event) {
  if (fence_) return run_fenced(*fence_, effect, event, db_);
  store::Fence fence(db_);
  return run_fenced(fence, effect, event, db_);
}

bool Database::checkpoint_when_due() {
  if (!is_own() || frames_ < checkpoint_at_) return true;
  return checkpoint();
}

bool Database::checkpoint() {
  const int rc = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  checkpoint_at_ = rc == SQLITE_OK ? kCheckpointFrames : frames_ + kCheckpointRetryFrames;
  if (rc == SQLITE_OK) frames_ = 0;
  return rc == SQLITE_OK;
}

int Database::note_frames(void* self, sqlite3* /*db*/, const char* /*name*/, int frames) noexcept {
  static_cast<Database*>(self)->frames_ = frames;
  return SQLITE_OK;
}

}  // namespace holdfast::inbox
