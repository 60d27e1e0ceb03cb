// SPDX-License-Identifier: MIT
// `holdfast demo` as a newcomer starts it: real broker, real kills.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::demo {
namespace {

using namespace std::chrono_literals;
using test_support::Process;
using test_support::read_file;
using test_support::TempDir;

std::string output_of(Process& process) {
  std::string all;
  while (auto line = process.read_line(180s)) all += *line + "\n";
  return all;
}

std::string last_line(const std::string& text) {
  const std::size_t begin = text.rfind('\n', text.size() - 2);
  return text.substr(begin == std::string::npos ? 0 : begin + 1);
}

TEST(Demo, loses_nothing_and_applies_nothing_twice_while_broker_and_device_are_killed) {
  const TempDir dir;
  Process process({HOLDFAST_PROGRAM, "demo", "--seconds", "12", "--seed", "3", "--json", "--dir",
                   dir / "work", "--html", dir / "page.html"});
  const std::string output = output_of(process);
  ASSERT_EQ(process.wait(30s), 0) << output;
  const auto json = nlohmann::json::parse(last_line(output));
  EXPECT_GE(json.at("committed"), 40) << output;  // on the slowest disk, 5 a second
  EXPECT_EQ(json.at("delivered"), json.at("committed"));
  EXPECT_GE(json.at("duplicates_received"), 1);
  for (const char* none : {"applied_twice", "lost", "phantom", "gaps", "duplicates_stray"})
    EXPECT_EQ(json.at(none), 0) << none;
  EXPECT_GE(json.at("backlog_peak"), 5);
  ASSERT_EQ(json.at("faults").size(), 2U);
  for (const auto& fault : json.at("faults")) EXPECT_GT(fault.at("in_flight"), 0) << fault;
  EXPECT_THAT(read_file(dir / "page.html"), testing::HasSubstr("verdict passed"));
  EXPECT_TRUE(std::filesystem::exists(dir / "work/store.db")) << "a directory that was named stays";
}

TEST(Demo, needs_no_duplicate_when_nothing_is_killed) {
  const TempDir dir;
  Process process({HOLDFAST_PROGRAM, "demo", "--no-faults", "--seconds", "1", "--json", "--dir", dir / "work",
                   "--html", dir / "page.html"});
  const std::string output = output_of(process);
  ASSERT_EQ(process.wait(30s), 0) << output;
  const auto json = nlohmann::json::parse(last_line(output));
  EXPECT_GE(json.at("committed"), 5) << output;
  EXPECT_EQ(json.at("delivered"), json.at("committed"));
  EXPECT_TRUE(json.at("faults").empty());
}

TEST(Demo, does_not_start_on_top_of_an_earlier_one) {
  const TempDir dir;
  dir.write("store.db", "");
  Process process({HOLDFAST_PROGRAM, "demo", "--dir", dir.path().string(), "--html", dir / "page.html"});
  EXPECT_EQ(process.wait(30s), 73);
}

TEST(Demo, refuses_a_duration_in_which_its_faults_have_no_room) {
  Process process({HOLDFAST_PROGRAM, "demo", "--seconds", "3"});
  EXPECT_EQ(process.wait(30s), 64);
}

TEST(Demo, ends_soon_and_takes_its_processes_along_when_it_is_interrupted) {
  const TempDir dir;
  Process process({HOLDFAST_PROGRAM, "demo", "--dir", dir / "work", "--html", dir / "page.html"});
  while (auto line = process.read_line(60s))
    if (line->find("broker, device and consumer run") != std::string::npos) break;
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(30s), 69);
  // The store's lock is free again only when the device process is gone.
  Process status({HOLDFAST_PROGRAM, "status", "--store", dir / "work/store.db"});
  EXPECT_EQ(status.wait(30s), 0);
}

}  // namespace
}  // namespace holdfast::demo
