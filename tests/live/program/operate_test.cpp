// SPDX-License-Identifier: MIT
// What an operator does to a store: its size, its lanes, copies, checks. The real program, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"
#include "support/mosquitto.hpp"

namespace holdfast::program_test {
namespace {

using nlohmann::json;
using test_support::Mosquitto;
using test_support::TempDir;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kNobody = "mqtt://127.0.0.1:1";
constexpr std::uint64_t kMiB = 1024 * 1024;
/// ext4 counts the index blocks of a file that is in pieces, and a busy disk leaves pieces.
constexpr std::uint64_t kFileSystemBytes = 64 * 1024;

class Operate : public testing::Test {
 protected:
  void put(const std::string& lane, const std::string& data, const Words& more = {}) const {
    Words words = {"put",   "--store", store_,   "--device", "pi4",    "--lane", lane,
                   "--key", "note",    "--type", "t.v1",     "--data", data};
    words.insert(words.end(), more.begin(), more.end());
    const auto cli = holdfast(words);
    ASSERT_EQ(cli->exit_code(), 0) << cli->err();
  }
  void make_small() const { put("telemetry", "one", {"--budget", "2MiB"}); }
  /// About 60 KiB each.
  void fill(int events) const {
    const std::string file = (dir_.path() / "large").string();
    std::ofstream(file) << std::string(60'000, 'x');
    for (int i = 0; i < events; ++i) put("telemetry", "@" + file);
  }
  [[nodiscard]] json document(Words words) const {
    words.insert(words.end(), {"--store", store_, "--json"});
    const auto cli = holdfast(words);
    EXPECT_EQ(cli->exit_code(), 0) << cli->err();
    return json::parse(cli->last_line(), nullptr, false);
  }
  [[nodiscard]] json status() const { return document({"status"}); }
  [[nodiscard]] std::vector<json> exported(const Words& more = {}) const {
    Words words = {"export", "--store", store_};
    words.insert(words.end(), more.begin(), more.end());
    const auto cli = holdfast(words);
    EXPECT_EQ(cli->exit_code(), 0) << cli->err();
    std::vector<json> events;
    for (const std::string& line : cli->out()) events.push_back(json::parse(line));
    return events;
  }
  [[nodiscard]] json lane(const std::string& name) const {
    const json list = document({"lane", "list"});
    for (const json& each : list.at("lanes"))
      if (each.at("name") == name) return each;
    return nullptr;
  }
  void expect_refusal(const Words& words, int code, const std::string& part) const {
    const auto cli = holdfast(words);
    EXPECT_EQ(cli->exit_code(), code) << cli->err();
    EXPECT_THAT(cli->out(), IsEmpty());
    EXPECT_THAT(cli->err(), HasSubstr("holdfast: error: "));
    EXPECT_THAT(cli->err(), HasSubstr(part));
  }

  TempDir dir_;
  std::string store_ = dir_ / "store.db";
};

TEST_F(Operate, a_budget_is_shown_and_stays_when_it_is_looked_at) {
  make_small();
  const json budget = document({"budget"});
  EXPECT_EQ(budget.at("budget_bytes"), 2 * kMiB);
  EXPECT_EQ(budget.at("footprint"), "constant");
  EXPECT_GT(budget.at("reserve_bytes"), 0);
  EXPECT_GT(budget.at("free_bytes"), budget.at("reserve_bytes"));
  EXPECT_LE(budget.at("on_disk_bytes"), 2 * kMiB + kFileSystemBytes);
  EXPECT_EQ(status().at("store").at("budget_bytes"), 2 * kMiB);
  const auto text = holdfast({"budget", "--store", store_});
  EXPECT_THAT(testing::PrintToString(text->out()), HasSubstr("2 MiB, database and WAL together"));
}

TEST_F(Operate, a_budget_goes_up_and_down_and_the_events_stay) {
  make_small();
  const json larger = document({"budget", "8MiB"});
  EXPECT_EQ(larger.at("budget_bytes"), 8 * kMiB);
  EXPECT_EQ(larger.at("budget_bytes_before"), 2 * kMiB);
  EXPECT_GT(larger.at("on_disk_bytes"), 7 * kMiB);
  const auto smaller = holdfast({"budget", "--store", store_, "1MiB"});
  EXPECT_EQ(smaller->exit_code(), 0) << smaller->err();
  EXPECT_THAT(testing::PrintToString(smaller->out()),
              HasSubstr("1 MiB, database and WAL together; it was 8 MiB"));
  EXPECT_EQ(document({"budget"}).at("budget_bytes"), kMiB);
  EXPECT_THAT(exported(), SizeIs(1));
}

TEST_F(Operate, a_backlog_that_does_not_fit_is_a_reason_not_to_shrink) {
  put("telemetry", "one", {"--budget", "8MiB"});
  fill(25);
  expect_refusal({"budget", "--store", store_, "1MiB"}, 73, "what is stored needs about");
  EXPECT_EQ(document({"budget"}).at("budget_bytes"), 8 * kMiB);
  EXPECT_THAT(exported(), SizeIs(26));
}

TEST_F(Operate, retained_events_are_not_in_the_way_of_a_smaller_budget) {
  Mosquitto broker;
  put("telemetry", "one", {"--budget", "4MiB"});
  fill(14);
  const Words run = {"run",         "--store", store_,        "--broker", broker.url(),
                     "--retention", "1MiB",    "--simulated", "1",        "--only-simulated",
                     "--count",     "1",       "--quiet"};
  ASSERT_EQ(holdfast(run)->exit_code(), 0);
  ASSERT_GT(lane("telemetry").at("retained_bytes"), 800'000);
  put("telemetry", "waits");
  const json budget = document({"budget", "1MiB"});
  EXPECT_EQ(budget.at("budget_bytes"), kMiB);
  EXPECT_LE(budget.at("on_disk_bytes"), kMiB + kFileSystemBytes);
  EXPECT_THAT(exported({"--settled"}), SizeIs(1)) << "what waits stays";
}

TEST_F(Operate, a_budget_below_the_least_is_a_usage_error) {
  make_small();
  expect_refusal({"budget", "--store", store_, "64KiB"}, 64, "below 1 MiB");
}

TEST_F(Operate, put_with_another_budget_says_how_to_change_it) {
  make_small();
  expect_refusal(put_words(store_, "x", {"--budget", "4MiB"}), 65, "holdfast budget");
}

TEST_F(Operate, a_growing_store_takes_less_at_first) {
  put("telemetry", "one", {"--budget", "32MiB", "--growing", "--min-free", "0"});
  const json budget = document({"budget"});
  EXPECT_EQ(budget.at("footprint"), "growing");
  EXPECT_LT(budget.at("on_disk_bytes"), 24 * kMiB);
}

TEST_F(Operate, a_backup_is_a_store_with_the_same_events) {
  make_small();
  const std::string copy = dir_ / "copy.db";
  const auto cli = holdfast({"backup", "--store", store_, copy});
  ASSERT_EQ(cli->exit_code(), 0) << cli->err();
  const auto original = exported();
  store_ = copy;
  EXPECT_EQ(exported(), original);
  put("telemetry", "two");
  const auto after = exported();
  ASSERT_THAT(after, SizeIs(2));
  EXPECT_NE(after[0].at("epoch"), after[1].at("epoch"));
}

TEST_F(Operate, a_backup_replaces_no_file) {
  make_small();
  expect_refusal({"backup", "--store", store_, dir_.write("there", "x")}, 73, "there is such a file already");
  EXPECT_EQ(test_support::read_file(dir_ / "there"), "x");
  expect_refusal({"backup", "--store", store_, dir_ / "no/such/dir.db"}, 73, "no such directory");
}

TEST_F(Operate, a_sound_store_is_called_sound) {
  make_small();
  const json found = document({"check"});
  EXPECT_EQ(found.at("sound"), true);
  EXPECT_EQ(found.at("rows_checked"), 1);
  EXPECT_THAT(holdfast({"check", "--store", store_})->last_line(), HasSubstr("sound: 1 row checked"));
}

/// Changes a byte wherever `text` stands in a store that was closed. Its WAL holds copies of what is in the
/// file, which would mend it.
void spoil(const std::string& path, const std::string& text) {
  std::filesystem::remove(path + "-wal");
  std::string bytes = test_support::read_file(path);
  std::size_t found = 0;
  for (std::size_t at = 0; (at = bytes.find(text, at)) != std::string::npos; ++at, ++found) bytes[at] ^= 0x20;
  ASSERT_GT(found, 0U);
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Overwrites the root page of a lane's table: no event of it can be reached any more in the regular way.
void destroy_lane_table(const std::string& path) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_stmt* look = nullptr;
  const char* sql =
      "SELECT rootpage FROM sqlite_master WHERE name GLOB 'hf_lane_[0-9]*' ORDER BY name LIMIT 1";
  ASSERT_EQ(sqlite3_prepare_v2(db, sql, -1, &look, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(look), SQLITE_ROW);
  const auto page = sqlite3_column_int64(look, 0);
  sqlite3_finalize(look);
  ASSERT_EQ(sqlite3_close(db), SQLITE_OK);  // takes the WAL along
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((page - 1) * 4096);
  for (int i = 0; i < 4096; ++i) file.put('\xA5');
}

TEST_F(Operate, a_row_whose_bytes_have_changed_is_a_finding) {
  put("telemetry", "thewriting", {"--budget", "2MiB"});
  put("telemetry", "another");
  spoil(store_, "thewriting");
  const auto cli = holdfast({"check", "--store", store_, "--json"});
  EXPECT_EQ(cli->exit_code(), 1) << cli->err();
  const json found = json::parse(cli->last_line());
  EXPECT_EQ(found.at("sound"), false);
  EXPECT_EQ(found.at("rows_damaged"), 1);
  EXPECT_EQ(lane("telemetry").at("lost_events_ever"), 1);
  EXPECT_EQ(holdfast({"check", "--store", store_})->exit_code(), 0) << "declared: what is left is sound";
}

TEST_F(Operate, a_damaged_store_shows_a_warning_in_status) {
  put("telemetry", "one", {"--budget", "2MiB"});
  fill(3);
  destroy_lane_table(store_);
  const auto cli = holdfast({"status", "--store", store_});
  EXPECT_EQ(cli->exit_code(), 0) << cli->err();
  EXPECT_THAT(testing::PrintToString(cli->out()),
              HasSubstr("warning   the store was damaged and set aside as"));
  EXPECT_THAT(cli->err(), HasSubstr("warning: the store was damaged"));
}

TEST_F(Operate, a_store_that_had_to_be_set_aside_is_a_finding_of_the_check) {
  put("telemetry", "one", {"--budget", "2MiB"});
  destroy_lane_table(store_);
  const auto cli = holdfast({"check", "--store", store_});
  EXPECT_EQ(cli->exit_code(), 1) << cli->err();
  EXPECT_THAT(cli->last_line(), HasSubstr("NOT SOUND"));
}

TEST_F(Operate, an_export_is_one_cloud_event_a_line) {
  put("telemetry", "one", {"--budget", "2MiB"});
  put("alarm:0", "two");
  put("telemetry", R"({"a":1})", {"--content-type", "application/json"});
  const auto all = exported();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].at("source"), "urn:holdfast:pi4/alarm") << "lanes in the order of their priority";
  EXPECT_EQ(all[0].at("specversion"), "1.0");
  EXPECT_EQ(all[0].at("data_base64"), "dHdv");
  EXPECT_EQ(all[2].at("data").at("a"), 1);
  EXPECT_THAT(exported({"--lane", "telemetry"}), SizeIs(2));
  const auto part = exported({"--lane", "telemetry", "--from", "2", "--to", "2"});
  ASSERT_THAT(part, SizeIs(1));
  EXPECT_EQ(part[0].at("sequence"), "00000000000000000002");
  EXPECT_THAT(exported({"--from", "3"}), IsEmpty());
}

TEST_F(Operate, an_export_shows_delivered_events_only_when_asked) {
  Mosquitto broker;
  const Words run = {"run",      "--store",          store_,     "--device", "pi4",
                     "--broker", broker.url(),       "--budget", "4MiB",     "--simulated",
                     "3",        "--only-simulated", "--count",  "3",        "--quiet"};
  ASSERT_EQ(holdfast(run)->exit_code(), 0);
  EXPECT_THAT(exported(), IsEmpty());
  EXPECT_THAT(exported({"--settled"}), SizeIs(3));
  EXPECT_EQ(lane("telemetry").at("retained_events"), 3);
  put("telemetry", "waits");
  EXPECT_THAT(exported(), SizeIs(1));
  EXPECT_THAT(exported({"--settled"}), SizeIs(4));
}

TEST_F(Operate, a_lane_pauses_and_is_resumed) {
  make_small();
  const auto paused = holdfast({"lane", "pause", "--store", store_, "telemetry"});
  EXPECT_EQ(paused->exit_code(), 0) << paused->err();
  EXPECT_THAT(paused->err(), HasSubstr("1 event"));
  EXPECT_EQ(lane("telemetry").at("paused"), true);
  EXPECT_THAT(testing::PrintToString(holdfast({"status", "--store", store_})->out()),
              HasSubstr("telemetry: PAUSED"));
  EXPECT_EQ(holdfast({"lane", "resume", "--store", store_, "telemetry"})->exit_code(), 0);
  EXPECT_EQ(lane("telemetry").at("paused"), false);
}

TEST_F(Operate, a_lane_goes_only_when_nothing_waits_or_the_loss_is_declared) {
  make_small();
  put("bulk:3", "two");
  expect_refusal({"lane", "remove", "--store", store_, "bulk"}, 75, "--declare-loss");
  EXPECT_FALSE(lane("bulk").is_null());
  const auto removed = holdfast({"lane", "remove", "--store", store_, "bulk", "--declare-loss"});
  EXPECT_EQ(removed->exit_code(), 0) << removed->err();
  EXPECT_THAT(removed->err(), HasSubstr("1 event declared lost"));
  EXPECT_TRUE(lane("bulk").is_null());
  put("bulk", "three");
  EXPECT_EQ(exported({"--lane", "bulk"}).at(0).at("sequence"), "00000000000000000002");
}

TEST_F(Operate, the_only_lane_stays) {
  make_small();
  expect_refusal({"lane", "remove", "--store", store_, "telemetry", "--declare-loss"}, 65, "the only lane");
}

TEST_F(Operate, an_unknown_lane_is_refused_by_name) {
  make_small();
  for (const char* deed : {"pause", "resume", "remove"})
    expect_refusal({"lane", deed, "--store", store_, "nolane"}, 65, "nolane");
  expect_refusal({"export", "--store", store_, "--lane", "nolane"}, 65, "nolane");
}

TEST_F(Operate, a_put_leaves_a_stored_lane_as_it_is) {
  put("telemetry:4", "one", {"--budget", "2MiB"});
  put("alarm:2", "two");
  put("telemetry", "three");
  put("telemetry:0", "four");
  const json lanes = document({"lane", "list"}).at("lanes");
  ASSERT_THAT(lanes, SizeIs(2));
  EXPECT_EQ(lanes[0].at("name"), "alarm") << "telemetry would come first if a put had given it a priority";
}

TEST_F(Operate, a_run_that_only_names_a_lane_leaves_its_settings) {
  const auto run = [&](const std::string& lane) {
    return holdfast({"run",     "--store",     store_,   "--device",         "pi4",     "--broker",
                     kNobody,   "--budget",    "2MiB",   "--lane",           lane,      "--lane",
                     "other:3", "--simulated", "1",      "--only-simulated", "--count", "1",
                     "--drain", "1ms",         "--quiet"});
  };
  const auto first_lane = [&] { return document({"lane", "list"}).at("lanes").at(0).at("name"); };
  EXPECT_EQ(run("telemetry:5")->exit_code(), 75);
  EXPECT_EQ(first_lane(), "other");
  EXPECT_EQ(run("telemetry")->exit_code(), 75);
  EXPECT_EQ(first_lane(), "other");
  EXPECT_EQ(run("telemetry:1,when_full=drop_oldest")->exit_code(), 75);
  EXPECT_EQ(first_lane(), "telemetry");
}

TEST_F(Operate, a_lane_that_drops_its_oldest_goes_on_when_it_is_full) {
  put("telemetry,when_full=drop_oldest,max=256KiB", "one", {"--budget", "2MiB"});
  fill(8);
  const json telemetry = lane("telemetry");
  EXPECT_EQ(telemetry.at("committed_seq"), 9);
  EXPECT_GT(telemetry.at("lost_events_ever"), 0);
  EXPECT_LE(telemetry.at("backlog_bytes"), 256 * 1024);
}

TEST_F(Operate, a_full_lane_that_rejects_says_so_with_the_code_for_no_room) {
  put("telemetry,when_full=reject,max=64KiB", "one", {"--budget", "2MiB"});
  fill(1);
  const auto cli = holdfast(put_words(store_, "@" + (dir_ / "large")));
  EXPECT_EQ(cli->exit_code(), 73) << cli->err();
}

TEST_F(Operate, a_store_in_use_is_left_to_its_owner) {
  const std::string status_file = dir_ / "status.json";
  Cli daemon({"run", "--store", store_, "--device", "pi4", "--broker", kNobody, "--budget", "2MiB",
              "--status-file", status_file, "--quiet"});
  while (!std::filesystem::exists(status_file))
    ASSERT_FALSE(daemon.process().wait(std::chrono::milliseconds(5)));
  const std::vector<Words> commands = {{"budget", "--store", store_},
                                       {"budget", "--store", store_, "4MiB"},
                                       {"backup", "--store", store_, dir_ / "copy.db"},
                                       {"check", "--store", store_},
                                       {"export", "--store", store_},
                                       {"lane", "list", "--store", store_},
                                       {"lane", "pause", "--store", store_, "telemetry"},
                                       {"lane", "remove", "--store", store_, "telemetry"}};
  for (const Words& words : commands) expect_refusal(words, 75, "pid ");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "copy.db"));
}

TEST_F(Operate, a_store_that_is_not_there_is_not_made) {
  for (const Words& words : std::vector<Words>{{"budget", "--store", store_},
                                               {"budget", "--store", store_, "4MiB"},
                                               {"backup", "--store", store_, dir_ / "copy.db"},
                                               {"check", "--store", store_},
                                               {"export", "--store", store_},
                                               {"lane", "list", "--store", store_}})
    expect_refusal(words, 66, "check the path");
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(Operate, words_that_cannot_be_read_are_usage_errors) {
  for (const Words& words : std::vector<Words>{{"budget", "--store", store_, "much"},
                                               {"lane", "--store", store_},
                                               {"lane", "pause", "--store", store_},
                                               {"backup", "--store", store_},
                                               {"export", "--store", store_, "--from", "0"},
                                               put_words(store_, "x", {"--retention", "some"})}) {
    const auto cli = holdfast(words);
    EXPECT_EQ(cli->exit_code(), 64) << testing::PrintToString(words);
  }
  const auto lane = holdfast({"put", "--store", store_, "--device", "pi4", "--lane", "a,when_full=explode",
                              "--key", "k", "--type", "t", "--data", "x"});
  EXPECT_EQ(lane->exit_code(), 64);
  EXPECT_THAT(lane->err(), HasSubstr("block, reject, drop_oldest, keep_latest or thin"));
}

}  // namespace
}  // namespace holdfast::program_test
