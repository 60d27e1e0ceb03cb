// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

TEST(KilledConsumer, killed_before_its_commit_it_gets_the_message_again_and_applies_it_once) {
  const Mosquitto broker;
  const TempDir dir;
  const std::string store = dir / "store.db";
  const std::string inbox = dir / "inbox.db";

  Process stuck({HOLDFAST_STUCK_CONSUMER, inbox, broker.url(), "backend", "holdfast/#"});
  while (broker.log().find("Sending SUBACK to backend") == std::string::npos) ASSERT_FALSE(stuck.wait(std::chrono::milliseconds(20)));
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

}  // namespace
}  // namespace holdfast::program_test
