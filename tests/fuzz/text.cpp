// SPDX-License-Identifier: MIT
//
// The rules for short texts. The first byte says which; the rest is the text. Whatever is accepted is written again and
// read as the same, and a rule that is contained in another one never accepts more.
#include <holdfast/check.hpp>

#include "base/text.hpp"
#include "common/link_rules.hpp"
#include "flow/connection_windows.hpp"
#include "fuzz/input.hpp"
#include "store/topic_template.hpp"
#include "wire/base64.hpp"
#include "wire/cloud_event_rules.hpp"
#include "wire/identity.hpp"
#include "wire/time_text.hpp"

namespace holdfast {
namespace {

void url(std::string_view text) {
  const auto address = platform::link_rules::parse_url(text);
  if (!address) return;
  HOLDFAST_CHECK(address->port != 0 && !address->host.empty());
  const auto again =
      platform::link_rules::parse_url((address->tls ? "mqtts://" : "mqtt://") + address->authority());
  HOLDFAST_CHECK(again && again->host == address->host && again->port == address->port &&
                 again->tls == address->tls);
}

void characters(std::string_view text) {
  const bool is_plain = base::is_plain_text(text);
  HOLDFAST_CHECK(!is_plain || base::is_utf8(text));
  HOLDFAST_CHECK(!is_plain || platform::link_rules::is_mqtt_text(text));
  if (base::is_topic(text)) HOLDFAST_CHECK(is_plain && platform::link_rules::check_filter(text).has_value());
  if (base::is_media_type(text)) {
    HOLDFAST_CHECK(is_plain);
    HOLDFAST_CHECK(wire::essence(text).find('/') != std::string::npos);
    (void)wire::is_json_type(text);
  }
  if (base::is_lane_name(text)) HOLDFAST_CHECK(base::is_device_id(text));
  if (base::is_attribute_name(text)) HOLDFAST_CHECK(wire::is_attribute_name(text));
  (void)platform::link_rules::check_filter(text);
}

void percent(std::string_view text) {
  const std::string encoded = base::percent_encode(text);
  std::string decoded;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      decoded += encoded[i];
      continue;
    }
    HOLDFAST_CHECK(i + 2 < encoded.size());
    const auto byte =
        base::parse_hex64("00000000000000" + std::string(1, static_cast<char>(std::tolower(encoded[i + 1]))) +
                          static_cast<char>(std::tolower(encoded[i + 2])));
    HOLDFAST_CHECK(byte.has_value());
    decoded += static_cast<char>(*byte);
    i += 2;
  }
  HOLDFAST_CHECK(decoded == text);
  HOLDFAST_CHECK(text.empty() || encoded.size() > 1024 || base::is_topic(encoded));
}

void numbers(std::string_view text) {
  if (const auto bits = base::parse_hex64(text)) HOLDFAST_CHECK(base::hex64(*bits) == text);
  if (const auto epoch = Epoch::parse(text)) HOLDFAST_CHECK(epoch->text() == text);
  if (const auto number = base::parse_decimal(text)) {
    const std::string digits = std::to_string(*number);
    HOLDFAST_CHECK(text.ends_with(digits));
    HOLDFAST_CHECK(text.substr(0, text.size() - digits.size()).find_first_not_of('0') ==
                   std::string_view::npos);
  }
}

void time(std::string_view text) {
  const auto parsed = wire::parse_time(text);
  if (!parsed) return;
  HOLDFAST_CHECK(wire::is_time_text(text));
  const std::string written = wire::time_text(*parsed);
  const auto again = wire::parse_time(written);
  HOLDFAST_CHECK(again && wire::time_text(*again) == written);
  HOLDFAST_CHECK(*again <= *parsed && *parsed - *again < std::chrono::microseconds(1));
}

void base64(std::string_view text) {
  const auto bytes = wire::decode_base64(text);
  HOLDFAST_CHECK(!bytes || wire::encode_base64(*bytes) == text);
  const std::string encoded = wire::encode_base64(bytes_of(text));
  const auto decoded = wire::decode_base64(encoded);
  HOLDFAST_CHECK(decoded && fuzz::text_of(*decoded) == text);
}

void source(std::string_view text) {
  const auto parsed = wire::parse_source(text);
  if (!parsed) return;
  const std::string again =
      parsed->lane.empty() ? parsed->device_source : parsed->device_source + '/' + parsed->lane;
  HOLDFAST_CHECK(again == text);
}

void topic_template(std::string_view text) {
  const auto topics = store::TopicTemplate::parse(text, "holdfast", "device-1");
  if (!topics) return;
  const std::string topic = topics->render("telemetry", "a/b+#\u00e9");
  HOLDFAST_CHECK(topic.empty() || topic.size() > 1024 || base::is_topic(topic));
  (void)topics->is_reserved(text);
}

void window(std::string_view text) {
  const auto windows = flow::ConnectionWindows::parse({std::string(text)});
  const auto one = flow::ConnectionWindow::parse(text);
  HOLDFAST_CHECK(windows.has_value() == one.has_value());
  if (!windows) return;
  HOLDFAST_CHECK(one->minutes() >= 1 && one->minutes() <= flow::ConnectionWindow::kMinutesMax);
  for (const int day : {0, 59, 20'000}) {
    const UtcTime at(std::chrono::hours(24 * day) + std::chrono::seconds(day));
    const UtcTime change = windows->next_change(at);
    HOLDFAST_CHECK(change > at && change <= at + flow::ConnectionWindows::kHorizon);
    HOLDFAST_CHECK(change == at + flow::ConnectionWindows::kHorizon ||
                   windows->open(change) != windows->open(at));
  }
}

}  // namespace

HOLDFAST_FUZZ_TARGET(text) {
  constexpr std::array kRules = {&url,    &characters, &percent,        &numbers, &time,
                                 &base64, &source,     &topic_template, &window};
  fuzz::Input in(input);
  const auto rule = in.one_of(kRules);
  rule(fuzz::text_of(in.rest()));
}

}  // namespace holdfast
