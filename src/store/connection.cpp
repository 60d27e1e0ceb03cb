// SPDX-License-Identifier: MIT
//
// How a Holdfast database is opened. One exclusive connection: no -shm file, no SQLITE_BUSY while open, no
// reader that pins the WAL, and SQLite's WAL-reset bug (3.7.0 to 3.51.2) cannot occur, since it takes two
// connections.
//
// Order matters. locking_mode must come before anything that reads the file, or a -shm file appears and
// stays. The application id is looked at before journal_mode is set, so that somebody else's database is left
// as it was. Every setting is read back: a setting that did not take is an error, not a surprise at the next
// power cut.
#include <array>
#include <holdfast/check.hpp>

#include "store/sqlite.hpp"

namespace holdfast::store {
namespace {

struct Setting {
  const char* set;
  const char* read;
  std::int64_t value;
};

// Harmless before the file is read, so they come first.
constexpr std::array kBeforeReading = {
    // 3.40.1: a transaction that spilled and then rolled back to a savepoint commits with a bad checksum
    // chain, and it and everything after it is lost at the next crash. Never spill.
    Setting{"PRAGMA cache_spill=OFF", "PRAGMA cache_spill", 0},
    Setting{"PRAGMA mmap_size=0", "PRAGMA mmap_size", 0},         // an I/O error must not become a SIGBUS
    Setting{"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", 2},  // no dependence on a full /tmp
    Setting{"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", 0},
    Setting{"PRAGMA page_size=4096", nullptr, 0},  // takes effect on an empty file; checked below
};

constexpr std::array kAfterReading = {
    Setting{"PRAGMA synchronous=FULL", "PRAGMA synchronous", 2},             // success means durable
    Setting{"PRAGMA wal_autocheckpoint=0", "PRAGMA wal_autocheckpoint", 0},  // its errors would be swallowed
    Setting{"PRAGMA journal_size_limit=-1", "PRAGMA journal_size_limit", -1},  // the WAL keeps its blocks
    Setting{"PRAGMA secure_delete=OFF", "PRAGMA secure_delete",
            0},  // on in Debian's build; up to 19 times the WAL
    Setting{"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", 1},
    Setting{nullptr, "PRAGMA page_size",
            4096},  // with psow=0: no loss when a 4 KiB block being written is destroyed
};

std::string uri_of(const std::string& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "file:";  // an empty authority: "//x" is a path too
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#' || byte < 0x21) {
      uri += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    } else {
      uri += c;
    }
  }
  return uri + "?psow=0";  // assume no powersafe overwrite: cheap cards do not have it
}

Result<void> apply(Connection& connection, const Setting& setting) {
  if (setting.set != nullptr) {
    if (auto done = connection.execute(setting.set); !done) return done;
  }
  if (setting.read == nullptr) return {};
  const auto value = connection.query_integer(setting.read);
  if (!value) return tl::unexpected<Error>(value.error());
  if (*value != setting.value) {
    return fail(ErrorCode::invalid, setting.read,
                "is " + std::to_string(*value) + ", must be " + std::to_string(setting.value));
  }
  return {};
}

Result<void> configure_flags(sqlite3* db) {
  constexpr std::array<std::pair<int, int>, 4> kFlags = {{
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  }};
  for (const auto& [flag, wanted] : kFlags) {
    int got = -1;
    const int rc = sqlite3_db_config(db, flag, wanted, &got);
    if (rc != SQLITE_OK || got != wanted) return sqlite_fail(db, rc, "configure the connection");
  }
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  int keep_wal = 1;
  const int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
  if (rc != SQLITE_OK) return sqlite_fail(db, rc, "keep the WAL at close");
  return {};
}

// Off until the file is known to be ours: closing somebody else's would move its WAL.
Result<void> checkpoint_at_close(sqlite3* db, bool on) {
  const int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
  if (rc != SQLITE_OK) return sqlite_fail(db, rc, "configure the connection");
  return {};
}

// An empty file is ours to make; any other must carry the application id.
Result<void> check_owner(Connection& connection, const ConnectionOptions& options) {
  const auto pages = connection.query_integer("PRAGMA page_count");
  if (!pages) return tl::unexpected<Error>(pages.error());
  if (*pages == 0)
    return connection.execute("PRAGMA application_id=" + std::to_string(options.application_id));
  const auto id = connection.query_integer("PRAGMA application_id");
  if (!id) return tl::unexpected<Error>(id.error());
  if (*id != options.application_id) {
    return fail(ErrorCode::invalid, "read application_id",
                "a database of another program; choose another path");
  }
  return {};
}

Result<void> use_wal(Connection& connection) {
  auto statement = Statement::prepare(connection.handle(), "PRAGMA journal_mode=WAL", false);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto stepped = statement->step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped != Step::row || statement->text(0) != "wal") {
    return fail(ErrorCode::invalid, "PRAGMA journal_mode=WAL", "the file system does not allow it");
  }
  return {};
}

Result<void> configure(Connection& connection, const ConnectionOptions& options) {
  if (auto done = connection.execute("PRAGMA locking_mode=EXCLUSIVE"); !done) return done;
  for (const Setting& setting : kBeforeReading) {
    if (auto done = apply(connection, setting); !done) return done;
  }
  if (auto done = configure_flags(connection.handle()); !done) return done;
  if (auto done = checkpoint_at_close(connection.handle(), false); !done) return done;
  if (auto done = check_owner(connection, options); !done) return done;
  if (auto done = checkpoint_at_close(connection.handle(), true); !done) return done;
  if (auto done = use_wal(connection); !done) return done;
  for (const Setting& setting : kAfterReading) {
    if (auto done = apply(connection, setting); !done) return done;
  }
  return {};
}

}  // namespace

Result<Connection> Connection::open(const ConnectionOptions& options) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* db = nullptr;
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const int rc = sqlite3_open_v2(uri_of(options.path).c_str(), &db, flags, vfs);
  Connection connection(db);
  if (rc != SQLITE_OK) return sqlite_fail(db, rc, "open " + options.path);
  if (auto done = configure(connection, options); !done) {
    Error error = std::move(done.error());
    error.where = "open " + options.path + ": " + error.where;
    if (error.code == ErrorCode::full) error.code = ErrorCode::disk_full;  // there was no budget yet
    return tl::unexpected<Error>(std::move(error));
  }
  return connection;
}

Result<void> Connection::execute(std::string_view sql) {
  const std::string text(sql);
  const int rc = sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return sqlite_fail(handle(), rc, "run " + text.substr(0, 60));
  return {};
}

Result<std::int64_t> Connection::query_integer(std::string_view sql) {
  auto statement = Statement::prepare(handle(), sql, false);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto stepped = statement->step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped != Step::row) return fail(ErrorCode::corrupt, std::string(sql), "no answer");
  return statement->integer(0);
}

// A caller's forgotten statement must not keep the file locked. The first try lets virtual tables finalize
// statements of their own; what is left then is the caller's.
void Connection::Closer::operator()(sqlite3* db) const noexcept {
  if (sqlite3_close(db) == SQLITE_OK) return;
  while (sqlite3_stmt* left = sqlite3_next_stmt(db, nullptr)) sqlite3_finalize(left);
  const int rc = sqlite3_close(db);
  HOLDFAST_CHECK(rc == SQLITE_OK);
}

}  // namespace holdfast::store
