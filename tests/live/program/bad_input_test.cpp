// SPDX-License-Identifier: MIT
// What goes wrong outside the program: each has an exit code of its own meaning, one line that says what to
// do next, and leaves what is stored as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using test_support::Mosquitto;
using test_support::read_file;
using test_support::TempDir;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Nobody listens on port 1 of this machine.
constexpr const char* kNobody = "mqtt://127.0.0.1:1";

class BadInput : public testing::Test {
 protected:
  [[nodiscard]] Words run_words(const std::string& url, const Words& more = {}) const {
    Words words = {"run", "--store", store_, "--device", "pi4", "--broker", url, "--budget", "4MiB"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Words consume_words(const std::string& url, const Words& more = {}) const {
    Words words = {"consume",  "--inbox", dir_ / "inbox.db", "--client-id", "c",
                   "--broker", url,       "--topic",         "x/#"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  void store_one_event() const {
    ASSERT_EQ(holdfast(put_words(store_, "first", {"--budget", "4MiB"}))->exit_code(), 0);
  }
  /// The store is fine and holds exactly what store_one_event() put there.
  void expect_one_event() const {
    const auto status = holdfast({"status", "--store", store_, "--json"});
    EXPECT_EQ(status->exit_code(), 0) << status->err();
    EXPECT_THAT(status->last_line(), HasSubstr(R"("committed_seq":1,"settled_seq":0,"backlog_events":1)"));
  }
  /// One line, no trace of what happened inside.
  static void expect_one_error(const Cli& cli, const std::string& part) {
    EXPECT_THAT(cli.out(), IsEmpty());
    EXPECT_THAT(cli.err(), HasSubstr("holdfast: error: "));
    EXPECT_THAT(cli.err(), HasSubstr(part));
    EXPECT_THAT(cli.err(), Not(HasSubstr("terminate")));
    EXPECT_THAT(cli.err(), Not(HasSubstr("Sanitizer")));
  }

  TempDir dir_;
  std::string store_ = dir_ / "store.db";
};

TEST_F(BadInput, run_says_that_no_broker_answers_and_keeps_the_store) {
  store_one_event();
  const auto cli = holdfast(run_words(kNobody, {"--fail-fast", "--quiet"}));
  EXPECT_EQ(cli->exit_code(), 69);
  expect_one_error(*cli, "is the broker running");
  expect_one_event();
}

TEST_F(BadInput, consume_says_that_no_broker_answers) {
  const auto cli = holdfast(consume_words(kNobody, {"--fail-fast", "--quiet"}));
  EXPECT_EQ(cli->exit_code(), 69);
  expect_one_error(*cli, "is the broker running");
}

TEST_F(BadInput, without_fail_fast_a_broker_that_is_away_is_no_error) {
  const auto cli = holdfast(run_words(kNobody, {"--count", "3", "--simulated", "3", "--only-simulated",
                                                "--drain", "1500ms", "--status-interval", "200ms"}));
  EXPECT_EQ(cli->exit_code(), 75);
  EXPECT_THAT(cli->err(), HasSubstr("is the broker running"));
  EXPECT_THAT(cli->err(), HasSubstr("backlog 3"));
  EXPECT_THAT(cli->err(), HasSubstr("run again to deliver it"));
}

TEST_F(BadInput, a_wrong_url_is_a_usage_error_and_makes_no_store) {
  for (const char* url :
       {"http://127.0.0.1:1883", "127.0.0.1", "mqtt://", "mqtt://host:99999", "mqtt://u:p@host"}) {
    const auto cli = holdfast(run_words(url));
    EXPECT_EQ(cli->exit_code(), 64) << url;
    expect_one_error(*cli, "broker URL");
  }
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(BadInput, a_password_in_the_url_is_not_repeated) {
  const auto cli = holdfast(run_words("mqtt://user:secret@host"));
  EXPECT_THAT(cli->err(), Not(HasSubstr("secret")));
}

TEST_F(BadInput, bad_credentials_are_denied_on_both_sides) {
  Mosquitto broker({.users = {{"good", "right"}}});
  store_one_event();
  const std::string wrong = dir_.write("password", "wrong\n");
  const Words credentials = {"--user", "good", "--password-file", wrong, "--fail-fast", "--quiet"};
  const auto producer = holdfast(run_words(broker.url(), credentials));
  EXPECT_EQ(producer->exit_code(), 77);
  expect_one_error(*producer, "--password-file");
  const auto consumer = holdfast(consume_words(broker.url(), credentials));
  EXPECT_EQ(consumer->exit_code(), 77);
  expect_one_error(*consumer, "--password-file");
  expect_one_event();
}

TEST_F(BadInput, a_password_file_that_is_not_there_is_named) {
  const auto cli = holdfast(run_words(kNobody, {"--user", "u", "--password-file", dir_ / "none"}));
  EXPECT_EQ(cli->exit_code(), 66);
  expect_one_error(*cli, "none");
}

TEST_F(BadInput, a_directory_that_cannot_be_written_is_refused) {
  // /proc takes no files from anybody, root included.
  const auto denied = holdfast(put_words("/proc/store.db", "x"));
  EXPECT_TRUE(denied->exit_code() == 77 || denied->exit_code() == 73) << denied->exit_code();
  expect_one_error(*denied, "/proc");
  const std::string file = dir_.write("file", "");
  const auto below_a_file = holdfast(put_words(file + "/store.db", "x"));
  EXPECT_EQ(below_a_file->exit_code(), 73);
  expect_one_error(*below_a_file, "directory");
  const auto nowhere = holdfast(put_words(dir_ / "no/such/store.db", "x"));
  EXPECT_EQ(nowhere->exit_code(), 73);
  expect_one_error(*nowhere, "there is no such directory");
}

TEST_F(BadInput, a_store_in_use_names_its_owner) {
  const std::string status_file = dir_ / "status.json";
  Cli daemon(run_words(kNobody, {"--status-file", status_file, "--quiet"}));
  while (!std::filesystem::exists(status_file))
    ASSERT_FALSE(daemon.process().wait(std::chrono::milliseconds(5)));
  for (const Words& words : {put_words(store_, "x"), Words{"status", "--store", store_}}) {
    const auto cli = holdfast(words);
    EXPECT_EQ(cli->exit_code(), 75);
    expect_one_error(*cli, "pid ");
    expect_one_error(*cli, "--status-file");
  }
  EXPECT_EQ(holdfast({"status", "--status-file", status_file})->exit_code(), 0);
}

TEST_F(BadInput, a_store_of_a_newer_holdfast_is_left_alone) {
  store_one_event();
  // The version is the four bytes at offset 60 of the file; its low byte is enough to be newer.
  const auto exchange_version = [&](char version) {
    std::filesystem::remove(store_ + "-wal");  // the store was closed: the file holds all of it
    std::fstream file(store_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(63);
    const char before = static_cast<char>(file.get());
    file.seekp(63);
    file.put(version);
    return before;
  };
  const char version = exchange_version(99);
  const auto cli = holdfast(put_words(store_, "second"));
  EXPECT_EQ(cli->exit_code(), 78);
  expect_one_error(*cli, "install a newer Holdfast");
  exchange_version(version);
  expect_one_event();
}

TEST_F(BadInput, a_file_that_is_not_a_store_is_left_as_it_is) {
  const std::string text(20'000, 'x');
  dir_.write("store.db", text);
  const auto cli = holdfast(put_words(store_, "x"));
  EXPECT_EQ(cli->exit_code(), 65);
  expect_one_error(*cli, "not a store of Holdfast's");
  EXPECT_EQ(read_file(store_), text);
}

TEST_F(BadInput, a_store_that_is_not_there_is_not_made_by_looking) {
  const auto cli = holdfast({"status", "--store", store_});
  EXPECT_EQ(cli->exit_code(), 66);
  expect_one_error(*cli, "check the path");
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(BadInput, a_store_of_another_device_is_refused) {
  store_one_event();
  const auto cli = holdfast({"put", "--store", store_, "--device", "other", "--lane", "telemetry", "--key",
                             "k", "--type", "t", "--data", "x"});
  EXPECT_EQ(cli->exit_code(), 65);
  expect_one_error(*cli, "it belongs to device 'pi4'");
  expect_one_event();
}

TEST_F(BadInput, a_topic_with_wildcards_is_refused) {
  store_one_event();
  for (const char* topic : {"a/#", "a/+/b"}) {
    const auto cli = holdfast(put_words(store_, "x", {"--topic", topic}));
    EXPECT_EQ(cli->exit_code(), 65) << topic;
    expect_one_error(*cli, "topic");
  }
  expect_one_event();
}

TEST_F(BadInput, data_above_the_limit_is_refused) {
  store_one_event();
  const std::string file = dir_.write("data", std::string(64 * 1024 + 1, 'x'));
  const auto cli = holdfast(put_words(store_, "@" + file));
  EXPECT_EQ(cli->exit_code(), 65);
  expect_one_error(*cli, "65537 bytes of data, at most 65536");
  expect_one_event();
}

TEST_F(BadInput, an_unknown_lane_is_refused) {
  store_one_event();
  const auto cli =
      holdfast({"put", "--store", store_, "--lane", "nolane", "--key", "k", "--type", "t", "--data", "x"});
  EXPECT_EQ(cli->exit_code(), 65);
  expect_one_error(*cli, "nolane");
  expect_one_event();
}

TEST_F(BadInput, words_that_cannot_be_read_are_usage_errors) {
  for (const Words& more : {Words{"--interval", "soon"}, Words{"--lane", "Upper"}, Words{"--budget", "much"},
                            Words{"--mqtt", "4"}, Words{"--only-simulated"}, Words{"--no-such-option"}}) {
    const auto cli = holdfast(run_words(kNobody, more));
    EXPECT_EQ(cli->exit_code(), 64) << more[0];
    EXPECT_THAT(cli->err(), HasSubstr(more[0]));
  }
  EXPECT_EQ(holdfast({})->exit_code(), 64);
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(BadInput, a_topic_filter_that_mqtt_forbids_is_a_usage_error) {
  const auto cli = holdfast({"consume", "--inbox", dir_ / "inbox.db", "--client-id", "c", "--broker", kNobody,
                             "--topic", "a/#/b", "--quiet"});
  EXPECT_EQ(cli->exit_code(), 64);
  expect_one_error(*cli, "wildcard");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "inbox.db"));
}

}  // namespace
}  // namespace holdfast::program_test
