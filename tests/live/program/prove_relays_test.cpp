// SPDX-License-Identifier: MIT
// `holdfast prove relays` in small: two lives with real processes, real connections and a real Mosquitto.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

TEST(ProveRelays, claims_are_disjoint_and_the_order_of_each_key_holds_when_connections_and_processes_die) {
  const auto run = holdfast({"prove", "relays", "--connections", "3", "--lives", "2", "--json"});
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(run->exit_code(), 0) << document.dump(1) << run->err();
  EXPECT_EQ(document.at("format"), "dev.holdfast.prove.relays.v1");
  EXPECT_EQ(document.at("passed"), true);
  EXPECT_EQ(document.at("connections").size(), 3U);
  EXPECT_EQ(document.at("process_kills"), 1);
  EXPECT_EQ(document.at("link_faults"), 8);
  EXPECT_GE(document.at("handovers"), 1);
  EXPECT_GE(document.at("published_again"), 1);
  for (const char* broken : {"twice_in_a_pass", "after_acknowledgement", "claimed_twice", "out_of_order",
                             "unclaimed", "lost", "phantom", "applied_twice", "gaps"})
    EXPECT_EQ(document.at(broken), 0) << broken;
  EXPECT_THAT(run->err(), HasSubstr("2 of 2 lives"));
}

TEST(ProveRelays, one_connection_is_not_several) {
  EXPECT_EQ(holdfast({"prove", "relays", "--connections", "1"})->exit_code(), 64);
}

}  // namespace
}  // namespace holdfast::program_test
