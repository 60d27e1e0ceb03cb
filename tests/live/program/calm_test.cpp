// SPDX-License-Identifier: MIT
// Presence, keep alive and limits, with the real program and a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::find_program;
using test_support::Mosquitto;
using test_support::MosquittoOptions;
using test_support::Process;
using test_support::read_file;
using test_support::TempDir;
using testing::HasSubstr;
using testing::Not;

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Calm : public testing::Test {
 protected:
  [[nodiscard]] Words run_words(const Mosquitto& broker, const Words& more = {}) const {
    Words words = {
        "run",           "--store", dir_ / "store.db",   "--device", "pi4",    "--broker", broker.url(),
        "--budget",      "4MiB",    "--simulated",       "2",        "--rate", "50",       "--only-simulated",
        "--status-file", status_,   "--status-interval", "50ms",     "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Prints the retained status, and every later one.
  [[nodiscard]] static Process subscriber(const Mosquitto& broker) {
    return Process({find_program("mosquitto_sub"), "-V", "5", "-q", "1", "-h", "127.0.0.1", "-p",
                    std::to_string(broker.port()), "-t", "holdfast/pi4/~status", "-F", "%r %p"});
  }
  void await_in_status(Cli& daemon, const std::string& text) const {
    while (read_file(status_).find(text) == std::string::npos)
      ASSERT_FALSE(daemon.process().wait(milliseconds(20))) << daemon.err();
  }

  TempDir dir_;
  std::string status_ = dir_ / "status.json";
};

TEST_F(Calm, a_device_that_ends_says_closed_and_whoever_comes_later_reads_it) {
  const Mosquitto broker;
  const auto run = holdfast(run_words(broker, {"--count", "5"}));
  EXPECT_EQ(run->exit_code(), 0) << run->err();
  Process later = subscriber(broker);
  EXPECT_THAT(later.read_line(seconds(20)).value_or(""),
              testing::MatchesRegex(
                  R"(1 \{"state":"offline","device":"pi4","epoch":"[0-9a-f]{16}","reason":"closed"\})"));
}

TEST_F(Calm, a_device_that_is_killed_is_reported_lost_by_the_broker) {
  const Mosquitto broker;
  Cli daemon(run_words(broker));
  await_in_status(daemon, R"("state":"connected")");
  Process watcher = subscriber(broker);
  const std::string online = watcher.read_line(seconds(20)).value_or("");
  EXPECT_THAT(online, HasSubstr(R"({"state":"online","device":"pi4")"));
  EXPECT_THAT(online, HasSubstr(R"("lanes":[{"name":"telemetry","backlog_events":)"));
  daemon.process().kill();
  std::string last = online;
  while (last.find("offline") == std::string::npos) {
    const auto line = watcher.read_line(seconds(20));
    ASSERT_TRUE(line) << last;
    last = *line;
  }
  EXPECT_THAT(last, HasSubstr(R"("reason":"lost")"));
}

TEST_F(Calm, without_presence_nothing_is_said) {
  const Mosquitto broker({.extra = "log_type all"});
  const auto run = holdfast(run_words(broker, {"--count", "5", "--no-presence"}));
  EXPECT_EQ(run->exit_code(), 0) << run->err();
  EXPECT_THAT(broker.log(), HasSubstr("holdfast/pi4/telemetry/"));
  EXPECT_THAT(broker.log(), Not(HasSubstr("~status")));
}

TEST_F(Calm, rules_that_forbid_the_status_cost_no_event) {
  const Mosquitto broker({.acl = "topic write holdfast/pi4/telemetry/#\ntopic write holdfast/pi4/~epoch\n"
                                 "topic write holdfast/pi4/~gap\n"});
  const auto run = holdfast(run_words(broker, {"--count", "20"}));
  EXPECT_EQ(run->exit_code(), 0) << run->err();
}

TEST_F(Calm, the_keep_alive_of_the_server_is_taken_over) {
  const Mosquitto broker({.max_keepalive_s = 10});
  Cli daemon(run_words(broker));
  await_in_status(daemon, R"("keep_alive_s":10)");
  daemon.process().signal(SIGTERM);
  daemon.wait();
  EXPECT_EQ(daemon.exit_code(), 0) << daemon.err();
  EXPECT_THAT(read_file(status_), HasSubstr(R"("connects":1,)"));
  // Whether the link mends it or the relay: once with ours, once with the broker's.
  EXPECT_EQ(times(broker.log(), " as pi4 ("), 2U);
  EXPECT_EQ(times(broker.log(), " as pi4 (p5, c1, k10"), 1U);
}

TEST_F(Calm, outside_the_connection_windows_it_stores_and_does_not_connect) {
  const Mosquitto broker;
  // Opens on 29 February only; a clock that nobody has set is always inside, so both ends are good.
  Cli daemon(run_words(broker, {"--window", "0 0 29 2 * for 1"}));
  while (read_file(status_).find(R"("outside_window":true)") == std::string::npos &&
         read_file(status_).find(R"("time_trusted":false)") == std::string::npos)
    ASSERT_FALSE(daemon.process().wait(milliseconds(20))) << daemon.err();
  daemon.process().signal(SIGTERM);
  daemon.wait();
  EXPECT_EQ(daemon.exit_code(), 0) << daemon.err();
}

TEST_F(Calm, a_rate_is_kept) {
  const Mosquitto broker;
  const auto begin = std::chrono::steady_clock::now();
  const auto run = holdfast(run_words(broker, {"--count", "60", "--rate-max", "20"}));
  EXPECT_EQ(run->exit_code(), 0) << run->err();
  EXPECT_GT(std::chrono::steady_clock::now() - begin, milliseconds(1900))
      << "20 at once, 40 more in two seconds";
}

TEST_F(Calm, a_wrong_word_is_refused_before_anything_is_made) {
  const Mosquitto broker;
  for (const auto& [words, hint] :
       std::vector<std::pair<Words, std::string>>{{{"--window", "0 25 * * * for 30"}, "HOUR '25'"},
                                                  {{"--profile", "aws"}, "aws-iot"},
                                                  {{"--ordering", "alarm=loose"}, "LANE=strict"},
                                                  {{"--ordering", "nowhere=strict"}, "no lane nowhere"},
                                                  {{"--denied-patience", "soon"}, "500ms"},
                                                  {{"--rate-max", "0"}, "--rate-max"}}) {
    const auto run = holdfast(run_words(broker, words));
    EXPECT_EQ(run->exit_code(), 64) << run->err();
    EXPECT_THAT(run->err(), HasSubstr(hint));
  }
  EXPECT_FALSE(std::ifstream(dir_ / "store.db").good());
}

TEST_F(Calm, a_profile_refuses_what_its_broker_would_refuse_for_ever) {
  const Mosquitto broker;
  const auto run = holdfast(run_words(broker, {"--profile", "aws-iot"}));
  EXPECT_EQ(run->exit_code(), 64);
  EXPECT_THAT(run->err(), HasSubstr("aws-iot: it takes TLS only"));
  EXPECT_FALSE(std::ifstream(dir_ / "store.db").good()) << "refused before a store was made";
}

}  // namespace
}  // namespace holdfast::program_test
