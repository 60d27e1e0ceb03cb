// SPDX-License-Identifier: MIT
#include "store/migrations.hpp"

#include <array>

#include "store/schema_2_sql.hpp"
#include "store/schema_3_sql.hpp"
#include "store/schema_4_sql.hpp"
#include "store/schema_sql.hpp"

namespace holdfast::store {
namespace {

// Element i takes a store from version i to i + 1. Forward only, DDL and O(1) work only; never edit one that
// was released. Rows convert when they are touched.
constexpr std::array<std::string_view, static_cast<std::size_t>(kSchemaVersion)> kMigrations = {
    kSchemaSql, kSchema2Sql, kSchema3Sql, kSchema4Sql};

Result<void> run_migration(Connection& connection, std::int64_t to) {
  if (auto done = connection.execute("BEGIN IMMEDIATE"); !done) return done;
  Result<void> done = connection.execute(kMigrations[static_cast<std::size_t>(to - 1)]);
  if (done) done = connection.execute("PRAGMA user_version=" + std::to_string(to));
  if (done) done = connection.execute("COMMIT");
  if (!done && connection.in_transaction()) (void)connection.execute("ROLLBACK");
  return done;
}

}  // namespace

Result<void> migrate(Connection& connection) {
  const auto version = connection.query_integer("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version > kSchemaVersion) {
    return fail(ErrorCode::schema_newer, "open store",
                "its schema is version " + std::to_string(*version) + ", this program knows " +
                    std::to_string(kSchemaVersion) + "; install a newer Holdfast");
  }
  for (std::int64_t to = *version + 1; to <= kSchemaVersion; ++to) {
    if (auto done = run_migration(connection, to); !done) return done;
  }
  return {};
}

}  // namespace holdfast::store
