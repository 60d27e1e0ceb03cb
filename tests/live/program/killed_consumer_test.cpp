// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using test_support::Mosquitto;
using test_support::Process;
using test_support::TempDir;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

[[nodiscard]] std::vector<std::string> ids_of_effects(const std::string& path) {
  std::vector<std::string> ids;
  sqlite3* db = nullptr;
  const auto add = [](void* into, int, char** row, char**) {
    static_cast<std::vector<std::string>*>(into)->emplace_back(row[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "SELECT id FROM effects", add, &ids, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
  return ids;
}

void execute(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(KilledConsumer, killed_before_its_commit_it_gets_the_message_again_and_applies_it_once) {
  const Mosquitto broker;
  const TempDir dir;
  const std::string store = dir / "store.db";
  const std::string inbox = dir / "inbox.db";

  Process stuck({HOLDFAST_STUCK_CONSUMER, inbox, broker.url(), "backend", "holdfast/#"});
  while (broker.log().find("Sending SUBACK to backend") == std::string::npos)
    ASSERT_FALSE(stuck.wait(std::chrono::milliseconds(20)));
  const auto producer =
      holdfast({"run", "--store", store, "--device", "pi4", "--broker", broker.url(), "--budget", "4MiB",
                "--only-simulated", "--simulated", "1", "--count", "1"});
  ASSERT_EQ(producer->exit_code(), 0) << producer->err();
  ASSERT_EQ(stuck.read_line(kPatience), "in the effect");
  stuck.kill();

  const auto consumer = holdfast({"consume", "--inbox", inbox, "--broker", broker.url(), "--client-id",
                                  "backend", "--topic", "holdfast/#", "--count", "1", "--ledger", "--json"});
  EXPECT_EQ(consumer->exit_code(), 0) << consumer->err();
  EXPECT_THAT(consumer->last_line(), HasSubstr(R"("applied":1)"));
  EXPECT_THAT(consumer->last_line(), HasSubstr(R"("missing":0)"));
  EXPECT_THAT(ids_of_effects(inbox), testing::ElementsAre(testing::EndsWith("-telemetry-1")));
}

TEST(StuckConsumer, what_cannot_be_committed_ends_it_and_stays_with_the_broker) {
  const Mosquitto broker;
  const TempDir dir;
  const std::string inbox = dir / "inbox.db";
  const Words consume = {"consume",     "--inbox", inbox,     "--broker",         broker.url(),
                         "--client-id", "backend", "--topic", "holdfast/#",       "--ledger",
                         "--json",      "--count", "1",       "--commit-timeout", "500ms"};
  Cli stuck(consume);
  while (broker.log().find("Sending SUBACK to backend") == std::string::npos)
    ASSERT_FALSE(stuck.process().wait(std::chrono::milliseconds(20)));
  stuck.process().signal(SIGTERM);
  stuck.wait();
  // A table of that name with other columns: the effect cannot succeed.
  execute(inbox, "CREATE TABLE effects (other TEXT)");
  ASSERT_EQ(holdfast({"run", "--store", dir / "store.db", "--device", "pi4", "--broker", broker.url(),
                      "--only-simulated", "--simulated", "1", "--count", "1"})
                ->exit_code(),
            0);

  const auto failed = holdfast(consume);
  EXPECT_EQ(failed->exit_code(), 65);
  EXPECT_THAT(failed->err(), HasSubstr("write the ledger"));
  execute(inbox, "DROP TABLE effects");
  const auto mended = holdfast(consume);
  EXPECT_EQ(mended->exit_code(), 0) << mended->err();
  EXPECT_THAT(ids_of_effects(inbox), testing::ElementsAre(testing::EndsWith("-telemetry-1")));
}

}  // namespace
}  // namespace holdfast::program_test
