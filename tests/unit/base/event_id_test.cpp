// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <holdfast/event.hpp>

namespace holdfast {
namespace {

TEST(Epoch, is_sixteen_hexadecimal_digits) {
  EXPECT_EQ(Epoch{0}.text(), "0000000000000000");
  EXPECT_EQ(Epoch{0x0123456789abcdef}.text(), "0123456789abcdef");
  EXPECT_EQ(Epoch{~std::uint64_t{0}}.text(), "ffffffffffffffff");
  EXPECT_EQ(Epoch::parse("0123456789abcdef"), (Epoch{0x0123456789abcdef}));
}

TEST(Epoch, is_read_strictly) {
  for (const char* text : {"", "0", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                           "0123456789abcdeg", " 123456789abcdef", "0x23456789abcdef", "+123456789abcdef"}) {
    const auto epoch = Epoch::parse(text);
    ASSERT_FALSE(epoch) << text;
    EXPECT_EQ(epoch.error().code, ErrorCode::invalid);
  }
}

TEST(EventId, names_epoch_lane_and_seq) {
  EXPECT_EQ((EventId{{0x00c0ffee}, "alarm", 42}).text(), "0000000000c0ffee-alarm-42");
  EXPECT_EQ((EventId{{1}, "bulk_2", INT64_MAX}).text(), "0000000000000001-bulk_2-9223372036854775807");
}

}  // namespace
}  // namespace holdfast
