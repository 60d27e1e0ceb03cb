// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::Mosquitto;
using test_support::read_file;
using test_support::TempDir;
using testing::HasSubstr;

[[nodiscard]] std::int64_t query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::int64_t value = -1;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

class Delivery : public testing::Test {
 protected:
  [[nodiscard]] Words run_words(const Words& more) const {
    Words words = {"run",      "--store",         store_,        "--device", "pi4",
                   "--broker", broker_.url(),     "--budget",    "4MiB",     "--prefix",
                   "plant",    "--ledger",        "--simulated", "4",        "--status-interval",
                   "100ms",    "--only-simulated"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Words consume_words(const Words& more) const {
    Words words = {"consume", "--inbox", inbox_,    "--broker", broker_.url(), "--client-id",
                   "backend", "--topic", "plant/#", "--json",   "--ledger"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// From now on the broker keeps for it what is published.
  void await_subscription(Cli& consumer) const {
    while (broker_.log().find("Sending SUBACK to backend") == std::string::npos)
      ASSERT_FALSE(consumer.process().wait(milliseconds(20))) << consumer.err();
  }

  Mosquitto broker_;
  TempDir dir_;
  std::string store_ = dir_ / "store.db";
  std::string inbox_ = dir_ / "inbox.db";
};

TEST_F(Delivery, everything_that_run_commits_is_applied_once_by_consume) {
  Cli consumer(consume_words({"--count", "40"}));
  await_subscription(consumer);
  const auto producer = holdfast(run_words({"--count", "40", "--rate", "200", "--json"}));
  EXPECT_EQ(producer->exit_code(), 0) << producer->err();
  EXPECT_THAT(producer->last_line(), HasSubstr(R"("state":"stopped")"));
  EXPECT_THAT(producer->last_line(), HasSubstr(R"("committed_seq":40,"settled_seq":40,"backlog_events":0)"));
  consumer.wait();
  EXPECT_EQ(consumer.exit_code(), 0) << consumer.err();
  EXPECT_EQ(consumer.out().size(), 41U) << "forty events and a summary";
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("applied":40)"));
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("missing":0)"));
  EXPECT_THAT(consumer.out()[0], HasSubstr(R"("data_senml":[{"n":"urn:holdfast:pi4/sim/room-1","u":"Cel")"));
  EXPECT_EQ(query(store_, "SELECT count(*) FROM demo_committed"), 40);
  EXPECT_EQ(query(inbox_, "SELECT count(*) FROM effects"), 40);
  EXPECT_EQ(query(inbox_, "SELECT count(DISTINCT id) FROM effects WHERE committed_ns < applied_ns"), 40);
}

TEST_F(Delivery, four_connections_divide_the_keys_and_the_consumer_ends_complete) {
  Cli consumer(consume_words({"--count", "400"}));
  await_subscription(consumer);
  const auto producer = holdfast(run_words(
      {"--count", "400", "--rate", "800", "--json", "--connections", "4", "--spread", "telemetry"}));
  EXPECT_EQ(producer->exit_code(), 0) << producer->err();
  const auto status = nlohmann::json::parse(producer->last_line());
  EXPECT_EQ(status.at("relay").at("shares"), 4);
  EXPECT_EQ(status.at("relay").at("republished"), 0);
  ASSERT_EQ(status.at("relays").size(), 4U);
  std::size_t busy = 0;
  for (const auto& relay : status.at("relays")) {
    EXPECT_EQ(relay.at("shares"), 1);
    if (relay.at("acknowledged") > 1) busy += 1;  // one of them carries a record
  }
  EXPECT_GE(busy, 2U) << "there are four keys";
  for (const char* client : {"as pi4 ", "as pi4-2 ", "as pi4-3 ", "as pi4-4 "})
    EXPECT_THAT(broker_.log(), HasSubstr(client));
  consumer.wait();
  EXPECT_EQ(consumer.exit_code(), 0) << consumer.err();
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("applied":400)"));
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("missing":0)"));
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("duplicates":0)"));
}

TEST_F(Delivery, what_was_stored_while_the_broker_was_away_arrives_later_over_3_1_1_too) {
  broker_.kill();
  EXPECT_EQ(holdfast(run_words({"--count", "8", "--drain", "100ms", "--mqtt", "3.1.1"}))->exit_code(), 75);
  broker_.start();
  Cli consumer(consume_words({"--count", "12", "--mqtt", "3.1.1"}));
  await_subscription(consumer);
  const auto producer = holdfast(run_words({"--count", "4", "--mqtt", "3.1.1"}));
  EXPECT_EQ(producer->exit_code(), 0) << producer->err();
  consumer.wait();
  EXPECT_EQ(consumer.exit_code(), 0) << consumer.err();
  EXPECT_THAT(consumer.last_line(), HasSubstr(R"("missing":0)"));
}

TEST_F(Delivery, sigterm_ends_run_within_seconds_with_a_last_status) {
  const std::string file = dir_ / "status.json";
  Cli producer(run_words({"--interval", "50ms", "--status-file", file}));
  for (int i = 0; i < 1000 && read_file(file).find(R"("state":"connected")") == std::string::npos; ++i)
    ASSERT_FALSE(producer.process().wait(milliseconds(20))) << producer.err();
  const auto asked = std::chrono::steady_clock::now();
  producer.process().signal(SIGTERM);
  producer.wait();
  EXPECT_EQ(producer.exit_code(), 0) << producer.err();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, seconds(30));
  EXPECT_THAT(read_file(file), HasSubstr(R"("state":"stopped")"));
  EXPECT_EQ(holdfast({"status", "--store", store_})->exit_code(), 0) << "the store is free again";
}

TEST_F(Delivery, a_line_for_people_names_event_key_value_and_unit) {
  Cli consumer({"consume", "--inbox", inbox_, "--broker", broker_.url(), "--client-id", "backend", "--topic",
                "plant/#", "--quiet"});
  await_subscription(consumer);
  consumer.process().signal(SIGTERM);
  consumer.wait();
  EXPECT_EQ(consumer.exit_code(), 0) << consumer.err();
  // Its session stays at the broker, which keeps for it what comes now.
  ASSERT_EQ(holdfast(run_words({"--count", "4"}))->exit_code(), 0);
  const auto again = holdfast({"consume", "--inbox", inbox_, "--broker", broker_.url(), "--client-id",
                               "backend", "--topic", "plant/#", "--count", "4"});
  ASSERT_EQ(again->out().size(), 4U) << again->err();
  EXPECT_THAT(again->out()[0], testing::ContainsRegex("^[0-9a-f]+-telemetry-1 sim/room-1 "
                                                      "urn:holdfast:pi4/sim/room-1=[0-9.]+ Cel$"));
}

}  // namespace
}  // namespace holdfast::program_test
