// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using test_support::read_file;
using test_support::TempDir;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(Status, counts_what_was_put_and_looking_changes_nothing) {
  const TempDir dir;
  const std::string store = dir / "store.db";
  for (const char* data : {"one", "two", "three"})
    ASSERT_EQ(holdfast(put_words(store, data))->exit_code(), 0);
  const auto first = holdfast({"status", "--store", store, "--json"});
  const auto second = holdfast({"status", "--store", store, "--json"});
  for (const auto* cli : {first.get(), second.get()}) {
    EXPECT_EQ(cli->exit_code(), 0) << cli->err();
    EXPECT_THAT(cli->out(), SizeIs(1));
    EXPECT_THAT(cli->last_line(), HasSubstr(R"("device":"pi4")"));
    EXPECT_THAT(cli->last_line(),
                HasSubstr(R"("name":"telemetry","committed_seq":3,"settled_seq":0,)"
                          R"("backlog_events":3,"backlog_bytes":11,"quarantined_events":0)"));
  }
}

TEST(Status, is_readable_for_people) {
  const TempDir dir;
  ASSERT_EQ(holdfast(put_words(dir / "store.db", "one"))->exit_code(), 0);
  const auto cli = holdfast({"status", "--store", dir / "store.db"});
  const std::string out = testing::PrintToString(cli->out());
  EXPECT_THAT(out, HasSubstr("device    pi4"));
  EXPECT_THAT(out, HasSubstr("telemetry"));
  EXPECT_THAT(out, HasSubstr("pages of 4 KiB"));
}

TEST(Status, put_prints_the_id_of_the_event) {
  const TempDir dir;
  const auto cli = holdfast(put_words(dir / "store.db", "one", {"--json"}));
  EXPECT_THAT(cli->last_line(), testing::MatchesRegex(R"(\{"id":"[0-9a-f]+-telemetry-1"\})"));
}

TEST(Status, tells_when_the_daemon_of_a_status_file_is_gone) {
  const TempDir dir;
  const std::string file = dir / "status.json";
  Cli daemon({"run", "--store", dir / "store.db", "--device", "pi4", "--broker", "mqtt://127.0.0.1:1",
              "--status-file", file, "--quiet"});
  while (!std::filesystem::exists(file)) ASSERT_FALSE(daemon.process().wait(std::chrono::milliseconds(5)));
  EXPECT_EQ(holdfast({"status", "--status-file", file})->exit_code(), 0);
  daemon.process().kill();
  const auto cli = holdfast({"status", "--status-file", file, "--json"});
  EXPECT_EQ(cli->exit_code(), 1);
  EXPECT_THAT(cli->err(), HasSubstr("is gone"));
  EXPECT_EQ(cli->last_line() + "\n", read_file(file));
}

TEST(Status, refuses_a_status_file_of_something_else) {
  const TempDir dir;
  for (const char* text : {"", "{}", "[1]", "{\"format\":7}", "{\"format\":\"dev.holdfast.status.v1\"}"}) {
    const auto cli = holdfast({"status", "--status-file", dir.write("status.json", text)});
    EXPECT_EQ(cli->exit_code(), 65) << text;
    EXPECT_THAT(cli->err(), HasSubstr("not a status document"));
  }
}

}  // namespace
}  // namespace holdfast::program_test
