// SPDX-License-Identifier: MIT
#include "flow/time_resolution.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace holdfast::flow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr UtcTime kNoon{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1} + hours(12)};
constexpr Instant boot_time(Duration since_boot) { return Instant{since_boot}; }

TEST(TimeResolution, an_anchor_of_the_boot_gives_the_exact_time) {
  const EventTime event{boot_time(seconds(30)), false, base::TimeAnchor{boot_time(seconds(40)), kNoon}};
  const auto time = resolve_time(event, boot_time(hours(9)), {kNoon + hours(99), true});
  EXPECT_EQ(time.utc, kNoon - seconds(10));
  EXPECT_TRUE(time.synchronised);
}

TEST(TimeResolution, an_anchored_time_is_the_same_at_every_delivery) {
  const EventTime event{boot_time(seconds(30)), true, base::TimeAnchor{boot_time(seconds(40)), kNoon}};
  const auto first = resolve_time(event, boot_time(seconds(50)), {kNoon, true});
  const auto second = resolve_time(event, boot_time(hours(50)), {kNoon - hours(1), false});
  EXPECT_EQ(first.utc, second.utc);
}

TEST(TimeResolution, without_an_anchor_an_event_of_this_boot_gets_a_flagged_estimate) {
  const EventTime event{boot_time(seconds(30)), true, std::nullopt};
  for (const bool trusted : {false, true}) {
    const auto time = resolve_time(event, boot_time(seconds(90)), {kNoon, trusted});
    EXPECT_EQ(time.utc, kNoon - seconds(60));
    EXPECT_FALSE(time.synchronised) << "an anchor written later may differ";
  }
}

TEST(TimeResolution, without_an_anchor_an_event_of_an_earlier_boot_has_no_time) {
  const EventTime event{boot_time(seconds(30)), false, std::nullopt};
  const auto time = resolve_time(event, boot_time(seconds(90)), {kNoon, true});
  EXPECT_EQ(time.utc, std::nullopt);
  EXPECT_FALSE(time.synchronised);
}

RC_GTEST_PROP(TimeResolution, no_input_overflows,
              (std::int64_t event_ns, std::int64_t anchor_ns, std::int64_t utc_ns, std::int64_t now_ns,
               bool anchored)) {
  std::optional<base::TimeAnchor> anchor;
  if (anchored) anchor = base::TimeAnchor{Instant{Duration{anchor_ns}}, UtcTime{Duration{utc_ns}}};
  const auto time = resolve_time({Instant{Duration{event_ns}}, true, anchor}, Instant{Duration{now_ns}},
                                 {UtcTime{Duration{utc_ns}}, false});
  RC_ASSERT(!time.synchronised || (anchored && time.utc.has_value()));
}

TEST(TimeResolution, a_damaged_row_has_no_time) {
  const base::TimeAnchor anchor{boot_time(seconds(1)), kNoon};
  const auto time = resolve_time({Instant::max(), false, anchor}, boot_time(seconds(2)), {kNoon, true});
  EXPECT_EQ(time.utc, std::nullopt);
  EXPECT_FALSE(time.synchronised);
}

}  // namespace
}  // namespace holdfast::flow
