// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <holdfast/limits.hpp>
#include <holdfast/records.hpp>

#include "unit/wire/bytes.hpp"

namespace holdfast::wire {
namespace {

using test::to_bytes;
using test::to_text;

constexpr const char* kTopic = "holdfast/pump-7/~command";

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

ResendRequest small() {
  return {.id = "r-1",
          .ranges = {{"bulk", Epoch{0xc0ffee}, 11, 15}, {"alarm", {}, 1, 1}},
          .issued = at(1'800'000'000)};
}

MqttMessage encoded(const ResendRequest& request, std::string_view secret = "") {
  return encode_resend(request, "pump-7", kTopic, secret).value();
}

std::string verdict(const MqttMessage& message, std::string_view secret = "",
                    std::string_view device = "pump-7") {
  const auto read = decode_resend(message, device, secret);
  return read ? "accepted" : std::string(to_string(read.error().code));
}

MqttMessage edited(MqttMessage message, std::string_view from, std::string_view to) {
  std::string text = to_text(message.payload);
  const auto place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  text.replace(place, from.size(), to);
  message.payload = to_bytes(text);
  return message;
}

// The format itself: a change here is a new version, not an edit.
TEST(Resend, looks_like_this) {
  const MqttMessage message = encoded(small());
  EXPECT_EQ(message.topic, kTopic);
  EXPECT_EQ(message.content_type, "application/json");
  EXPECT_TRUE(message.payload_is_utf8);
  EXPECT_FALSE(message.retain);
  EXPECT_EQ(
      to_text(message.payload),
      R"({"type":"dev.holdfast.resend.v1","id":"r-1","issued":"2027-01-15T08:00:00.000000Z","ranges":[)"
      R"({"lane":"bulk","epoch":"0000000000c0ffee","first":11,"last":15},{"lane":"alarm","first":1,"last":1}]})");
}

// Computed with Python's hmac over the lines that resend.cpp describes.
TEST(Resend, is_signed_like_this) {
  const std::string text = to_text(encoded(small(), "open sesame").payload);
  EXPECT_NE(text.find(R"(,"mac":"229e480c1ea2561e1dde2365182fc2fb4b7771c355654d12873a9e762ca3ce24"})"),
            std::string::npos)
      << text;
}

TEST(Resend, reads_what_it_wrote) {
  ResendRequest all = small();
  all.key = "röom 7";
  all.from = at(1'700'000'000);
  all.before = at(1'700'000'060);
  for (const std::string_view secret : {"", "s"}) {
    for (const ResendRequest& request : {small(), all}) {
      const auto read = decode_resend(encoded(request, secret), "pump-7", secret);
      ASSERT_TRUE(read) << read.error().text();
      EXPECT_EQ(*read, request);
    }
  }
}

TEST(Resend, with_a_secret_is_refused_when_its_mac_is_missing_wrong_or_of_another_device) {
  EXPECT_EQ(verdict(encoded(small(), "secret"), "secret"), "accepted");
  EXPECT_EQ(verdict(encoded(small()), "secret"), "denied");
  EXPECT_EQ(verdict(encoded(small(), "Secret"), "secret"), "denied");
  EXPECT_EQ(verdict(encoded(small(), "secret"), "secret", "pump-8"), "denied");
  EXPECT_EQ(verdict(encoded(small(), "secret")), "accepted") << "a device without a secret does not look";
}

TEST(Resend, every_part_is_covered_by_the_mac) {
  ResendRequest request = small();
  request.key = "room";
  request.from = at(1);
  request.before = at(9);
  const MqttMessage good = encoded(request, "secret");
  ASSERT_EQ(verdict(good, "secret"), "accepted");
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"r-1\"", "\"r-2\""},
                                                        {"\"first\":11", "\"first\":12"},
                                                        {"\"last\":15", "\"last\":14"},
                                                        {"\"bulk\"", "\"bulq\""},
                                                        {"c0ffee", "c0ffef"},
                                                        {"\"epoch\":\"0000000000c0ffee\",", ""},
                                                        {"\"room\"", "\"roon\""},
                                                        {"08:00:00", "08:00:01"},
                                                        {"00:00:01.0", "00:00:02.0"},
                                                        {"00:00:09.0", "00:00:08.0"}}) {
    EXPECT_EQ(verdict(edited(good, from, to), "secret"), "denied") << to;
  }
}

TEST(Resend, refuses_what_it_does_not_know_and_what_comes_twice) {
  const MqttMessage good = encoded(small());
  ASSERT_EQ(verdict(good), "accepted");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"{\"type\"", "{\"then\":1,\"type\""},
           {"\"lane\":\"alarm\"", "\"lane\":\"alarm\",\"shard\":0"},
           {"\"first\":11", "\"first\":11,\"first\":11"},
           {"resend.v1", "resend.v2"},
           {"\"first\":11", "\"first\":\"11\""},
           {"\"first\":11", "\"first\":11.0"},
           {"\"first\":11", "\"first\":0"},
           {"\"last\":15", "\"last\":10"},
           {"\"last\":15", "\"last\":9223372036854775807"},
           {"\"last\":15", "\"last\":111111"},
           {"\"id\":\"r-1\"", "\"id\":\"\""},
           {"\"id\":\"r-1\"", "\"id\":\"r 1\""},
           {"2027-01-15T08", "2027-13-15T08"},
           {"\"bulk\"", "\"Bulk\""},
           {"c0ffee", "coffee"},
           {"]}", "]} "},
           {"]}", "]}}"}}) {
    const std::string expected = to == "]} " ? "accepted" : "invalid";  // white space is no content
    EXPECT_EQ(verdict(edited(good, from, to)), expected) << to;
  }
  MqttMessage empty = good;
  empty.payload.clear();
  EXPECT_EQ(verdict(empty), "invalid");
  empty.payload = to_bytes("[]");
  EXPECT_EQ(verdict(empty), "invalid");
}

// Whatever one byte becomes: it is refused, or it says the same (a `z` for the `Z` of a time).
TEST(Resend, with_a_byte_changed_is_refused_or_says_the_same) {
  ResendRequest request = small();
  request.key = "room";
  request.from = at(1);
  const MqttMessage good = encoded(request, "secret");
  for (std::size_t i = 0; i < good.payload.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      MqttMessage changed = good;
      changed.payload[i] ^= static_cast<std::byte>(1U << bit);
      const auto read = decode_resend(changed, "pump-7", "secret");
      if (read) {
        EXPECT_EQ(*read, request) << to_text(changed.payload);
      }
      (void)decode_resend(changed, "pump-7", "");  // must not fall over either
    }
  }
}

TEST(Resend, is_bounded_on_both_sides) {
  ResendRequest request = small();
  request.ranges.assign(limits::kResendRangesMax, {"bulk", {}, 1, 1});
  EXPECT_EQ(verdict(encoded(request)), "accepted");
  request.ranges.push_back({"bulk", {}, 1, 1});
  EXPECT_FALSE(encode_resend(request, "pump-7", kTopic, ""));
  request.ranges = {{"bulk", {}, 1, limits::kResendEventsMax}};
  EXPECT_EQ(verdict(encoded(request)), "accepted");
  request.ranges.push_back({"bulk", {}, 1, 1});
  EXPECT_FALSE(encode_resend(request, "pump-7", kTopic, ""));
  request.ranges.clear();
  EXPECT_FALSE(encode_resend(request, "pump-7", kTopic, ""));
  EXPECT_FALSE(encode_resend(small(), "pump-7", "holdfast/+/~command", ""));
  MqttMessage large = encoded(small());
  large.payload.resize(20'000, std::byte{' '});
  EXPECT_EQ(verdict(large), "invalid");
}

}  // namespace
}  // namespace holdfast::wire
