// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "live/e2e/world.hpp"
#include "support/process.hpp"

namespace holdfast::e2e {
namespace {

using test_support::find_program;
using test_support::Process;

// The program is README.md's own text: see CMakeLists.txt.
TEST(Readme, the_example_compiles_runs_and_delivers_its_event) {
  Mosquitto broker;
  Process subscriber({find_program("mosquitto_sub"), "-V", "5", "-q", "1", "-h", "127.0.0.1", "-p",
                      std::to_string(broker.port()), "-t", "holdfast/+/telemetry/#", "-C", "1", "-F", "%P"});
  ASSERT_TRUE(eventually([&] { return broker.log().find("Sending SUBACK") != std::string::npos; }));
  const test_support::TempDir dir;
  ::setenv("HOLDFAST_EXAMPLE_BROKER", broker.url().c_str(), 1);
  Process example({find_program("env"), "-C", dir.path().string(), E2E_README_EXAMPLE});
  ASSERT_EQ(example.wait(60s), 0) << example.read_line(1s).value_or("");
  EXPECT_THAT(subscriber.read_line(10s).value_or(""), ::testing::HasSubstr("-telemetry-1 "));
}

}  // namespace
}  // namespace holdfast::e2e
