// SPDX-License-Identifier: MIT
// `holdfast bench store` in small: what it prints, not how fast this machine is today.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using test_support::read_file;
using test_support::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

const Json& figure(const Json& document, const std::string& id) {
  for (const Json& one : document.at("figures")) {
    if (one.at("id") == id) return one;
  }
  ADD_FAILURE() << "no figure " << id;
  return document;
}

void expect_description(const Json& document) {
  EXPECT_EQ(document.at("format"), "dev.holdfast.bench.store.v1");
  EXPECT_EQ(document.at("rounds"), 5);
  EXPECT_EQ(document.at("events"), 100);
  EXPECT_EQ(document.at("payload_bytes"), 150);
  EXPECT_GE(document.at("cores"), 1);
  EXPECT_THAT(document.at("sqlite").get<std::string>(), HasSubstr("3."));
  EXPECT_THAT(document.at("file_system").get<std::string>(), Not(IsEmpty()));
}

/// A quick run says that it is one, and never passes.
void expect_quick(const Json& document, const Cli& run) {
  EXPECT_EQ(document.at("quick"), true);
  EXPECT_EQ(document.at("passed"), false);
  EXPECT_EQ(document.at("large"), 20'000);
  EXPECT_THAT(testing::PrintToString(run.out()), HasSubstr("The large store has 20000 rows"));
}

void expect_figures(const Json& document) {
  std::vector<std::string> ids;
  for (const Json& one : document.at("figures")) {
    ids.push_back(one.at("id"));
    EXPECT_TRUE(one.at("measured").is_number()) << one;
    EXPECT_TRUE(one.at("ceiling").is_number()) << one;
    EXPECT_GT(one.at("bar"), 0) << one;
    EXPECT_TRUE(one.at("passed").is_boolean()) << one;
    EXPECT_THAT(one.at("ceiling_is").get<std::string>(), Not(IsEmpty()));
    if (ids.back() == "heap_growth") continue;  // a sanitizer's allocator tells nothing
    EXPECT_GT(one.at("measured"), 0) << one;
    EXPECT_GT(one.at("ceiling"), 0) << one;
  }
  EXPECT_THAT(ids, ElementsAre("single", "threads_16", "async_100", "bytes_1", "bytes_50", "open_first_batch",
                               "fetch_100", "heap_growth"));
}

/// Each figure's verdict is that of its value and its bar, and the exit code is that of all.
void expect_verdicts(const Json& document, const Cli& run) {
  bool all = true;
  for (const Json& one : document.at("figures")) {
    const double value = one.at("value");
    const double bar = one.at("bar");
    const bool meets = one.at("bar_is") == "at_least" ? value >= bar : value <= bar;
    EXPECT_EQ(one.at("passed"), meets && one.at("sound")) << one;
    all = all && one.at("passed");
  }
  EXPECT_EQ(run.exit_code(), all ? 0 : 1) << run.err();
}

// The lane's leaf, the state's leaf and the padding of a commit, each with a frame's header; and each page
// once more when the WAL is moved, but that is shared by many events.
void expect_pages_counted(const Json& document) {
  for (const char* side : {"measured", "ceiling"}) {
    const double single = figure(document, "bytes_1").at(side);
    const double grouped = figure(document, "bytes_50").at(side);
    EXPECT_GT(single, 3 * 4096) << side;
    EXPECT_LT(single, 8 * 4096) << side;
    EXPECT_GT(grouped, 2 * 150) << side;  // into the WAL, and into the database
    EXPECT_LT(grouped, single / 5) << side;
  }
}

constexpr const char* kReadme = "# Store\n\n<!-- bench store -->\nbefore\n<!-- end -->\n\nThe rest.\n";

int run_table(const std::string& document, const std::string& readme) {
  test_support::Process script({HOLDFAST_BENCH_TABLE, document, "--readme", readme});
  return script.wait(std::chrono::seconds(30)).value_or(-1);
}

/// The script writes the README's block anew, and takes no quick run.
void expect_table(const TempDir& dir, Json document) {
  std::ofstream(dir / "README.md") << kReadme;
  std::ofstream(dir / "quick.json") << document << '\n';
  EXPECT_NE(run_table(dir / "quick.json", dir / "README.md"), 0);
  EXPECT_EQ(read_file(dir / "README.md"), kReadme);
  document["quick"] = false;
  std::ofstream(dir / "full.json") << "a table for people\n" << document << '\n';
  for (int again = 0; again < 2; ++again) {
    ASSERT_EQ(run_table(dir / "full.json", dir / "README.md"), 0);
    const std::string text = read_file(dir / "README.md");
    EXPECT_TRUE(text.starts_with("# Store\n\n<!-- bench store -->\n| figure | measured |")) << text;
    EXPECT_TRUE(text.ends_with("\n<!-- end -->\n\nThe rest.\n")) << text;
    EXPECT_THAT(text, HasSubstr("| 1 event per commit, one thread | "));
    EXPECT_THAT(text, Not(HasSubstr("before\n")));
  }
}

// One case, because each runs in a process of its own and the run takes seconds.
TEST(Bench, a_quick_run_gives_every_figure_with_its_ceiling_and_bar_and_is_no_verdict) {
  const TempDir dir;
  const auto run = holdfast(
      {"bench", "store", "--quick", "--rounds", "5", "--events", "100", "--json", "--dir", dir / "place"});
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  expect_description(document);
  expect_quick(document, *run);
  expect_figures(document);
  expect_verdicts(document, *run);
  expect_pages_counted(document);
  expect_table(dir, document);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "place"));
  EXPECT_THAT(run->err(), HasSubstr("speed, round 5 of 5"));  // progress, and not among the data
  EXPECT_THAT(testing::PrintToString(run->out()), Not(HasSubstr("round 5 of 5")));
}

TEST(Bench, too_few_rounds_or_no_subject_are_mistakes_of_the_command_line) {
  EXPECT_EQ(holdfast({"bench", "store", "--rounds", "4"})->exit_code(), 64);
  EXPECT_EQ(holdfast({"bench"})->exit_code(), 64);
}

TEST(Bench, a_directory_with_a_database_of_that_name_is_left_alone) {
  const TempDir dir;
  std::ofstream(dir / "ours.db") << "precious";
  const auto cli = holdfast({"bench", "store", "--quick", "--dir", dir / ""});
  EXPECT_NE(cli->exit_code(), 0);
  EXPECT_THAT(cli->err(), HasSubstr("take another directory"));
  EXPECT_EQ(read_file(dir / "ours.db"), "precious");
}

}  // namespace
}  // namespace holdfast::program_test
