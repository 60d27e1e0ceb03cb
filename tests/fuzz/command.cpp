// SPDX-License-Identifier: MIT
//
// A message on the command topic. A request that is accepted can be asked again with a MAC, and then only its own secret
// and its own device take it.
#include "relay/commands.hpp"

#include <holdfast/check.hpp>
#include <holdfast/limits.hpp>

#include "fuzz/input.hpp"

namespace holdfast {
namespace {

constexpr const char* kTopic = "holdfast/device-1/~command";

void check_bounds(const ResendRequest& request) {
  HOLDFAST_CHECK(!request.ranges.empty() && request.ranges.size() <= limits::kResendRangesMax);
  std::int64_t events = 0;
  for (const ResendRange& range : request.ranges) {
    HOLDFAST_CHECK(1 <= range.first && range.first <= range.last);
    HOLDFAST_CHECK(range.last - range.first < limits::kResendEventsMax);
    events += range.last - range.first + 1;
  }
  HOLDFAST_CHECK(events <= limits::kResendEventsMax);
}

void ask_again(const ResendRequest& request) {
  const auto message = encode_resend(request, "device-1", kTopic, "secret");
  HOLDFAST_CHECK(message.has_value());
  const auto again = decode_resend(*message, "device-1", "secret");
  HOLDFAST_CHECK(again.has_value());
  HOLDFAST_CHECK(again->id == request.id && again->ranges == request.ranges && again->key == request.key);
  HOLDFAST_CHECK(again->from.has_value() == request.from.has_value());
  const auto third = encode_resend(*again, "device-1", kTopic, "secret");  // times have six decimals now
  HOLDFAST_CHECK(third && *third == *message);
  HOLDFAST_CHECK(decode_resend(*message, "device-1", "").has_value());
  for (const auto& other :
       {decode_resend(*message, "device-2", "secret"), decode_resend(*message, "device-1", "other")})
    HOLDFAST_CHECK(!other && other.error().code == ErrorCode::denied);
}

}  // namespace

HOLDFAST_FUZZ_TARGET(command) {
  MqttMessage message;
  message.topic = kTopic;
  message.payload = fuzz::copy_of(input);
  const auto request = decode_resend(message, "device-1", "");
  const auto unsigned_one = decode_resend(message, "device-1", "secret");
  HOLDFAST_CHECK(!unsigned_one);  // nobody guesses a MAC
  relay::Commands commands("device-1", "holdfast", "", true);
  const platform::WallTime wall{UtcTime(std::chrono::hours(500'000)), true};
  const auto taken = commands.read(message, Instant(std::chrono::hours(1)), wall);
  HOLDFAST_CHECK(taken.has_value() == request.has_value());
  if (!request) return;
  HOLDFAST_CHECK(taken->has_value() && **taken == *request);
  const auto repeated = commands.read(message, Instant(std::chrono::hours(1)), wall);
  HOLDFAST_CHECK(repeated && !repeated->has_value());
  check_bounds(*request);
  ask_again(*request);
}

}  // namespace holdfast
