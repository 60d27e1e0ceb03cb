// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/wire/cloud_events.hpp"

namespace holdfast {
namespace {

using test::to_bytes;

rc::Gen<std::string> text_of(std::string alphabet) {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::move(alphabet)));
}

rc::Gen<std::string> printable() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7F));
}

// Data that is JSON, nearly JSON, or anything.
rc::Gen<std::string> arbitrary_data() {
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(), text_of("[]{},:\"\\a1e.- \n"),
                        rc::gen::map(printable(), [](const std::string& s) { return '[' + s + ']'; }),
                        rc::gen::element<std::string>("{\"a\": 1.50}", "null", "[ ]", "\"\\u00fc\"", "{}\n"));
}

CloudEvent arbitrary_event() {
  CloudEvent event;
  event.id = *rc::gen::nonEmpty(printable());
  event.source = *rc::gen::nonEmpty(text_of("abc019-._~:/?#[]@!$&'()*+,;=%"));
  event.type = *rc::gen::nonEmpty(printable());
  event.subject = *printable();
  event.content_type = *rc::gen::element<std::string>("", "application/json", "a/b+json;x=1", "text/plain");
  event.attributes = {{"sequence", *printable()}, {"x1", *printable()}};
  event.data = to_bytes(*arbitrary_data());
  return event;
}

RC_GTEST_PROP(CloudEventProperty, an_event_survives_both_modes_with_its_data_unchanged, ()) {
  const CloudEvent event = arbitrary_event();
  for (const MqttVersion version : {MqttVersion::v3_1_1, MqttVersion::v5}) {
    const auto message = encode_cloud_event(event, "t", version);
    RC_ASSERT(message.has_value());
    const auto read = decode_cloud_event(*message);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == event);
  }
}

RC_GTEST_PROP(CloudEventProperty, damaged_envelopes_are_refused_or_are_events_again, ()) {
  MqttMessage message = encode_cloud_event(test::reading_event(), "t", MqttVersion::v3_1_1).value();
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, message.payload.size());
    message.payload[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
  }
  const auto read = decode_cloud_event(message);
  if (!read) return;
  const auto again = encode_cloud_event(*read, "t", MqttVersion::v5);
  RC_ASSERT(again.has_value());
  RC_ASSERT(decode_cloud_event(*again).value() == *read);
}

RC_GTEST_PROP(CloudEventProperty, any_payload_is_answered, ()) {
  const auto read = decode_cloud_event(test::structured(*arbitrary_data()));
  RC_ASSERT(!read.has_value());  // none of them has the required attributes
}

}  // namespace
}  // namespace holdfast
