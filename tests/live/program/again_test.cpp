// SPDX-License-Identifier: MIT
// Events that go once more: out of quarantine, and asked for over the broker. The real program, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using nlohmann::json;
using test_support::Mosquitto;
using test_support::MosquittoOptions;
using testing::HasSubstr;

class Again : public testing::Test {
 protected:
  void put(const std::string& data) const {
    const auto cli = holdfast(put_words(store_, data, {"--budget", "2MiB"}));
    ASSERT_EQ(cli->exit_code(), 0) << cli->err();
  }
  [[nodiscard]] Words run_words(const Mosquitto& broker, const Words& more = {}) const {
    Words words = {"run",         "--store", store_,    "--broker", broker.url(), "--only-simulated",
                   "--simulated", "1",       "--quiet", "--lane",   "readings",   "--interval",
                   "1h"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// How often the broker was given the events of put().
  static std::size_t published(const Mosquitto& broker) {
    const std::string log = broker.log();
    const std::string topic = "'holdfast/pi4/telemetry/note'";
    std::size_t count = 0;
    for (std::size_t at = log.find("Received PUBLISH"); at != std::string::npos;
         at = log.find("Received PUBLISH", at + 1))
      count += log.substr(at, log.find('\n', at) - at).find(topic) != std::string::npos ? 1U : 0U;
    return count;
  }
  static bool eventually(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  [[nodiscard]] json quarantined() const {
    const auto cli = holdfast({"quarantine", "list", "--store", store_, "--json"});
    EXPECT_EQ(cli->exit_code(), 0) << cli->err();
    return json::parse(cli->last_line()).at("events");
  }

  test_support::TempDir dir_;
  std::string store_ = (dir_.path() / "s.db").string();
};

TEST_F(Again, an_operator_requeues_what_the_broker_refused_or_discards_it) {
  const std::string file = (dir_.path() / "large").string();
  std::ofstream(file) << std::string(5'000, 'x');
  put("@" + file);
  put("@" + file);
  {
    MosquittoOptions options;
    options.max_packet_bytes = 2'000;
    const Mosquitto broker(options);
    const auto run = holdfast(run_words(broker, {"--count", "1", "--drain", "60s"}));
    ASSERT_EQ(run->exit_code(), 0) << run->err();
  }
  ASSERT_EQ(quarantined().size(), 2U);
  EXPECT_EQ(quarantined()[0].at("reason"), 0x95);
  const auto table = holdfast({"quarantine", "list", "--store", store_, "--lane", "telemetry"});
  ASSERT_EQ(table->out().size(), 3U);
  EXPECT_THAT(table->out()[1], HasSubstr("holdfast/pi4/telemetry/note"));

  const auto discarded =
      holdfast({"quarantine", "discard", "--store", store_, "--lane", "telemetry", "--seq", "2"});
  EXPECT_EQ(discarded->exit_code(), 0);
  EXPECT_THAT(discarded->err(), HasSubstr("1 event of lane telemetry discarded"));
  const auto requeued =
      holdfast({"quarantine", "requeue", "--store", store_, "--lane", "telemetry", "--seq", "all"});
  EXPECT_EQ(requeued->exit_code(), 0);
  ASSERT_EQ(quarantined().size(), 1U);
  EXPECT_EQ(quarantined()[0].at("requeued"), true);

  const Mosquitto generous;
  Cli run(run_words(generous));
  EXPECT_TRUE(eventually([&] { return published(generous) == 1; }));
  run.process().signal(SIGTERM);
  run.wait();
  EXPECT_EQ(run.exit_code(), 0) << run.err();
  EXPECT_TRUE(quarantined().empty());
}

TEST_F(Again, an_unknown_lane_or_a_bad_range_is_refused) {
  put("one");
  EXPECT_EQ(
      holdfast({"quarantine", "requeue", "--store", store_, "--lane", "nolane", "--seq", "1"})->exit_code(),
      65);
  EXPECT_EQ(holdfast({"quarantine", "list", "--store", store_, "--lane", "nolane"})->exit_code(), 65);
  EXPECT_EQ(holdfast({"quarantine", "discard", "--store", store_, "--lane", "telemetry"})->exit_code(), 64);
  EXPECT_EQ(holdfast({"quarantine", "discard", "--store", store_, "--lane", "telemetry", "--seq", "7-3"})
                ->exit_code(),
            64);
}

TEST_F(Again, a_device_is_asked_over_the_broker) {
  for (const char* data : {"one", "two", "three"}) put(data);
  const Mosquitto broker;
  Cli run(run_words(broker));
  ASSERT_TRUE(eventually([&] { return published(broker) == 3; }));
  ASSERT_TRUE(eventually([&] { return broker.log().find("holdfast/pi4/~command") != std::string::npos; }));
  const auto asked =
      holdfast({"replay", "--broker", broker.url(), "--device", "pi4", "--lane", "telemetry", "--seq", "2-"});
  EXPECT_EQ(asked->exit_code(), 0) << asked->err();
  EXPECT_THAT(asked->err(), HasSubstr("asked device pi4 for lane telemetry, seqs 2 to 100001"));
  EXPECT_TRUE(eventually([&] { return published(broker) == 5; })) << published(broker);
  run.process().signal(SIGTERM);
  run.wait();
  EXPECT_EQ(run.exit_code(), 0) << run.err();
}

TEST_F(Again, without_a_broker_or_with_a_bad_word_replay_says_so) {
  const Words words = {"replay", "--device", "pi4", "--lane", "telemetry", "--seq", "1", "--broker"};
  const auto with = [&](Words more) {
    Words all = words;
    all.insert(all.end(), more.begin(), more.end());
    return holdfast(all)->exit_code();
  };
  EXPECT_EQ(with({"mqtt://127.0.0.1:1", "--timeout", "5s"}), 69);
  EXPECT_EQ(with({"mqtt://127.0.0.1:1", "--secret-file", "/nowhere"}), 66);
  EXPECT_EQ(with({"mqtt://127.0.0.1:1", "--from", "yesterday"}), 64);
  EXPECT_EQ(with({"mqtt://127.0.0.1:1", "--epoch", "1"}), 64);
}

}  // namespace
}  // namespace holdfast::program_test
