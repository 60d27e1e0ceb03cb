// SPDX-License-Identifier: MIT
//
// Every operation of the public API on a disk whose n-th operation fails, for every n until it is not reached (of the
// many alike only some). Then the disk is well again, the outbox is used, closed and opened, and looked at:
//
//  1. What is there is what was there before, or what the operation leaves when nothing fails: nothing between.
//  2. The caller was told the truth: success means the latter, an error the former; `outcome_unknown` either. What may
//     be otherwise, because the header says so, stands beside the operation.
//  3. What was read is what is read without faults, or an error.
//  4. The outbox can be used again, at once or after a while, or says that it is degraded; then opening it helps.
//  5. The file is sound, and nothing was taken for damage.
//
// Which functions of the headers each operation covers: api_list_test.cpp, which fails when one is missing.
#include <gtest/gtest.h>

#include <algorithm>

#include "fault/store/api_operations.hpp"

namespace holdfast::fault_tests {
namespace {

using test_support::Fault;

using Lines = std::vector<std::string>;

/// What one run has shown.
struct Sight {
  Told told;
  Lines lines;   ///< after it was used, closed and opened
  Lines killed;  ///< had it been killed right after the call
  bool fired = false;
};

/// Opens it, writes, and looks.
Lines look_at(const Image& files) {
  ApiWorld world(files);
  world.entropy = platform::sim::SeededEntropy(2001);
  EXPECT_TRUE(world.open());
  EXPECT_TRUE(!world.outbox || world.write("after", "after"));
  return world.outbox ? world.look() : Lines();
}

/// Goes on after the operation. False: it is degraded, and says so.
bool use_it(ApiWorld& world) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    world.clock.advance(std::chrono::minutes(2));  // trouble is not yet a state, and reopening has its pauses
    if (world.write("after", "after")) return true;
  }
  EXPECT_TRUE(world.outbox->statistics().store.degraded) << world.write("after", "after").error().text();
  return false;
}

void use_and_look(ApiWorld& world, Sight& seen) {
  const bool used = use_it(world);
  const auto closed = world.close();
  EXPECT_TRUE(closed || !used) << closed.error().text();
  EXPECT_TRUE(world.open());
  EXPECT_TRUE(used || world.write("after", "after")) << "opening did not help";
  seen.lines = world.look();
  const auto report = world.outbox->check();
  EXPECT_TRUE(report && report->findings.empty() && report->rows_damaged == 0);
  EXPECT_EQ(world.outbox->statistics().store.warning.find("set aside"), std::string::npos);
  (void)world.close();
}

Sight run(const Operation& operation, const Fault* fault) {
  Sight seen;
  Image killed;
  {
    ApiWorld world(operation.image == nullptr ? Image{} : operation.image());
    EXPECT_TRUE(operation.begins_closed || world.open());
    if (operation.prepare) operation.prepare(world);
    if (fault != nullptr) world.vfs.arm(*fault);
    seen.told = operation.run(world);
    seen.fired = world.vfs.fired();
    world.vfs.disarm();
    if (seen.fired && operation.changes) killed = world.files();
    if (operation.finish) operation.finish(world);
    EXPECT_TRUE(world.outbox || world.open()) << "not even without faults";
    if (world.outbox) use_and_look(world, seen);
  }
  if (!killed.database.empty()) seen.killed = look_at(killed);
  return seen;
}

/// What one has and the other has not.
std::string difference(const Lines& there, const Lines& other) {
  std::string text;
  for (const std::string& line : there) {
    if (std::find(other.begin(), other.end(), line) == other.end()) text += "  there: " + line + '\n';
  }
  for (const std::string& line : other) {
    if (std::find(there.begin(), there.end(), line) == there.end()) text += "  not:   " + line + '\n';
  }
  return text;
}

struct ApiSweep : ::testing::TestWithParam<Operation> {
  void expect_truth(const Sight& now) {
    EXPECT_TRUE(!now.told.result || now.told.value == goal.told.value) << "read: " << now.told.value;
    expect_truth(now.told.result, now.lines);
    SCOPED_TRACE("killed right after the call");
    if (!now.killed.empty()) expect_truth(now.told.result, now.killed);
  }

  void expect_truth(const Result<void>& told, const Lines& lines) {
    const Operation& operation = GetParam();
    if (told) {
      EXPECT_EQ(difference(lines, goal.lines), "") << "told ok";
      return;
    }
    if (lines == before.lines) return;
    const bool may_be_after =
        told.error().code == ErrorCode::outcome_unknown || operation.on_error != OnError::nothing;
    if (lines == goal.lines && may_be_after) return;
    if (operation.on_error == OnError::part && operation.is_part(lines)) return;
    ADD_FAILURE() << "told " << told.error().text() << "\nand it is not as before:\n"
                  << difference(lines, before.lines);
  }

  /// How often it was met.
  int sweep(Fault fault) {
    const int all_of = GetParam().step > 10 ? 4 : 12;
    constexpr int kRunsMax = 400;
    for (int runs = 0; runs < kRunsMax; ++runs) {
      SCOPED_TRACE(to_string(fault) + " number " + std::to_string(fault.nth));
      const Sight now = run(GetParam(), &fault);
      if (!now.fired) {
        EXPECT_TRUE(now.told.result.has_value() == goal.told.result.has_value());
        return runs;
      }
      expect_truth(now);
      if (HasFailure()) return runs;
      fault.nth += fault.nth < all_of && !fault.sticky ? 1 : GetParam().step;
    }
    ADD_FAILURE() << "the sweep does not end";
    return kRunsMax;
  }

  Sight before;
  Sight goal;
};

TEST_P(ApiSweep, ends_before_or_after_and_tells_the_truth) {
  Operation nothing = GetParam();
  nothing.run = [](ApiWorld&) { return Told{}; };
  before = run(nothing, nullptr);
  goal = run(GetParam(), nullptr);
  EXPECT_EQ(GetParam().changes, before.lines != goal.lines) << difference(goal.lines, before.lines);
  int met = 0;
  for (const Fault& fault : test_support::kSweptFaults) {
    met += sweep(fault);
    if (HasFailure()) break;
  }
  EXPECT_GE(met, GetParam().met_at_least) << "the faults were hardly met";
  std::printf("%d faults\n", met);
}

std::string name_of(const ::testing::TestParamInfo<Operation>& operation) { return operation.param.name; }

INSTANTIATE_TEST_SUITE_P(Api, ApiSweep, ::testing::ValuesIn(operations()), name_of);

}  // namespace
}  // namespace holdfast::fault_tests
