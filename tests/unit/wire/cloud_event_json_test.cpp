// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/wire/cloud_events.hpp"

namespace holdfast {
namespace {

using test::from_hex;
using test::reading_event;
using test::structured;
using test::to_bytes;
using test::to_text;
using test::verdict;

constexpr const char* kStructuredType = "application/cloudevents+json; charset=utf-8";

std::string json_of(const CloudEvent& event) {
  return to_text(encode_cloud_event(event, "mytopic", MqttVersion::v3_1_1).value().payload);
}

Result<CloudEvent> decode_json(std::string_view json) { return decode_cloud_event(structured(json)); }

// The least an event has, and `more` members.
std::string event_json(std::string_view more) {
  return R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" + std::string(more) + "}";
}

// The examples of the MQTT binding, section 3.2.4, with the quotes that JSON needs and the binding leaves out.
constexpr const char* kBindingExample = R"({
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "time" : "2018-04-05T03:56:24Z",
    "id" : "1234-1234-1234",
    "source" : "/mycontext/subcontext",
    "datacontenttype" : "application/json; charset=utf-8",
    "data" : {
        "temp" : 21.50
    }
})";

TEST(CloudEventJson, reads_the_structured_examples_of_the_mqtt_binding) {
  for (const char* content_type : {"", kStructuredType, "Application/CloudEvents+JSON"}) {
    const auto event = decode_cloud_event(structured(kBindingExample, content_type));
    ASSERT_TRUE(event) << event.error().text();
    EXPECT_EQ(event->id, "1234-1234-1234");
    EXPECT_EQ(event->source, "/mycontext/subcontext");
    EXPECT_EQ(event->type, "com.example.someevent");
    EXPECT_EQ(event->time, "2018-04-05T03:56:24Z");
    EXPECT_EQ(event->content_type, "application/json; charset=utf-8");
    EXPECT_EQ(to_text(event->data), "{\n        \"temp\" : 21.50\n    }");  // verbatim: 21.50 stays 21.50
  }
}

// The examples of the JSON event format, section 3.2.
constexpr const char* kExampleHead = R"({
    "specversion" : "1.0",
    "type" : "com.example.someevent",
    "source" : "/mycontext",
    "subject": null,
    "id" : "C234-1234-1234",
    "time" : "2018-04-05T17:31:00Z",
    "comexampleextension1" : "value",
    "comexampleothervalue" : 5,
    "unsetextension": null,
)";

CloudEvent json_format_example(const char* tail) {
  auto event = decode_json(std::string(kExampleHead) + tail);
  EXPECT_TRUE(event) << event.error().text();
  EXPECT_EQ(event->subject, "");
  EXPECT_EQ(event->attributes,
            (std::vector<Attribute>{{"comexampleextension1", "value"}, {"comexampleothervalue", "5"}}));
  return std::move(*event);
}

TEST(CloudEventJson, reads_the_examples_of_the_json_format) {
  CloudEvent event = json_format_example(
      R"("datacontenttype" : "application/vnd.apache.thrift.binary", "data_base64" : "AAEC/w==" })");
  EXPECT_EQ(event.content_type, "application/vnd.apache.thrift.binary");
  EXPECT_EQ(event.data, from_hex("000102ff"));

  event = json_format_example(R"("datacontenttype" : "application/xml", "data" : "<much wow=\"xml\"/>" })");
  EXPECT_EQ(event.content_type, "application/xml");
  EXPECT_EQ(to_text(event.data), "<much wow=\"xml\"/>");

  event = json_format_example(
      R"("datacontenttype" : "application/json", "data" : { "appinfoA" : "abc", "appinfoC" : true } })");
  EXPECT_EQ(to_text(event.data), R"({ "appinfoA" : "abc", "appinfoC" : true })");

  event = json_format_example(R"("datacontenttype" : "application/json", "data" : 1.5 })");
  EXPECT_EQ(to_text(event.data), "1.5");

  event = json_format_example(R"("data" : "I'm just a string" })");
  EXPECT_EQ(event.content_type, "application/json");  // what was implied is made explicit
  EXPECT_EQ(to_text(event.data), "\"I'm just a string\"");

  event = json_format_example(R"("data_base64" : "eyAieHl6IjogMTIzIH0=" })");
  EXPECT_EQ(event.content_type, "");
  EXPECT_EQ(to_text(event.data), R"({ "xyz": 123 })");
}

TEST(CloudEventJson, takes_json_data_of_every_kind_verbatim) {
  for (const char* data : {"{}", "[]", "[1, {\"a\":\"}\\\"\"} ]", "\"x\"", "0", "-1.0e+5", "true", "false",
                           "null", "12345678901234567890123", "\"\\u0041\""}) {
    const auto event = decode_json(event_json(std::string(",\"data\":  ") + data + " \n"));
    ASSERT_TRUE(event) << data;
    EXPECT_EQ(to_text(event->data), data);
  }
}

TEST(CloudEventJson, takes_a_string_for_other_content_types_and_nothing_else) {
  const auto with = [](const char* data) {
    return decode_json(event_json(std::string(R"(,"datacontenttype":"text/plain","data":)") + data));
  };
  EXPECT_EQ(to_text(with(R"("a\n\u00fc")")->data), "a\n\u00fc");
  EXPECT_TRUE(with("null")->data.empty());
  for (const char* data : {"1", "true", "{}", "[\"a\"]"}) EXPECT_EQ(verdict(with(data)), "invalid") << data;
}

TEST(CloudEventJson, reads_integers_and_booleans_as_their_canonical_strings) {
  const auto event = decode_json(event_json(R"(,"min":-2147483648,"max":2147483647,"yes":true,"no":false)"));
  EXPECT_EQ(event->attributes,
            (std::vector<Attribute>{
                {"min", "-2147483648"}, {"max", "2147483647"}, {"yes", "true"}, {"no", "false"}}));
  for (const char* value : {"2147483648", "-2147483649", "1.5", "1e3", "{}", "[]"}) {
    EXPECT_EQ(verdict(decode_json(event_json(std::string(",\"x\":") + value))), "invalid") << value;
  }
}

TEST(CloudEventJson, an_event_looks_like_this) {
  const auto message = encode_cloud_event(reading_event(), "mytopic", MqttVersion::v3_1_1, 3600).value();
  EXPECT_EQ(to_text(message.payload),
            R"({"specversion":"1.0","id":"00c0ffee00c0ffee-alarm-42","source":"urn:holdfast:pump-7/alarm",)"
            R"("type":"com.example.reading.v1","subject":"thermal/cpu","time":"2026-11-20T23:04:42.123456Z",)"
            R"("sequence":"00000000000000000042","epoch":"00c0ffee00c0ffee",)"
            R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
            R"("datacontenttype":"application/senml+cbor","data_base64":"gaIAYWEC+VIA"})");
  EXPECT_TRUE(message.user_properties.empty());
  EXPECT_EQ(message.content_type, "");
  EXPECT_EQ(message.expiry_s, std::nullopt);
}

TEST(CloudEventJson, splices_json_data_in_only_when_it_comes_out_again_byte_for_byte) {
  struct Case {
    const char* content_type;
    std::string data;
    bool spliced;
  };
  const Case cases[] = {
      {"application/json", R"({"temp": 21.50})", true},
      {"application/json; charset=utf-8", "[1 ,2]", true},
      {"Application/Vnd.Example+JSON", "null", true},
      {"application/json", "{\"a\":1}\n", false},  // the white space would be lost
      {"application/json", " 1", false},
      {"application/json", "{\"a\":1,\"a\":2}", false},  // our own reader would refuse it
      {"application/json", "{\"a\":", false},
      {"application/json", "1}", false},
      {"application/json", "1,\"id\":\"2\"", false},  // no smuggling of members
      {"application/json", "\"\xFF\"", false},
      {"application/json", std::string(63, '[') + std::string(63, ']'), true},
      {"application/json", std::string(64, '[') + std::string(64, ']'), false},
      {"application/jsonx", "1", false},
      {"text/plain", "1", false},
      {"", "1", false},
  };
  for (const auto& [content_type, data, spliced] : cases) {
    CloudEvent event = reading_event();
    event.content_type = content_type;
    event.data = to_bytes(data);
    const std::string json = json_of(event);
    EXPECT_EQ(json.find("\"data\":" + data + "}") != json.npos, spliced) << data;
    EXPECT_EQ(json.find("\"data_base64\":") == json.npos, spliced) << data;
    EXPECT_EQ(decode_json(json), event) << data;
  }
}

TEST(CloudEventJson, no_data_is_no_member) {
  CloudEvent event = reading_event();
  event.content_type = "application/json";
  event.data.clear();
  EXPECT_EQ(json_of(event).find("\"data\""), std::string::npos);
  EXPECT_EQ(json_of(event).find("data_base64"), std::string::npos);
  EXPECT_EQ(decode_json(json_of(event)), event);
}

TEST(CloudEventJson, refuses_what_is_no_event) {
  for (const char* json : {"", "null", "[]", "\"x\"", "{", "{}"})
    EXPECT_EQ(verdict(decode_json(json)), "invalid");
  EXPECT_EQ(verdict(decode_json(event_json(""))), "accepted");
  EXPECT_EQ(verdict(decode_json(event_json("") + "x")), "invalid");
  EXPECT_EQ(verdict(decode_json(event_json("") + std::string(1, '\0'))), "invalid");
  for (const char* more : {
           R"(,"id":"2")",                       // twice
           R"(,"\u0069d":"2")",                  // twice, disguised
           R"(,"data":1,"data":2)",              //
           R"(,"data":1,"data_base64":"AA==")",  // both
           R"(,"data_base64":"AA")",             // no padding
           R"(,"data_base64":null)",             //
           R"(,"data_base64":5)",                //
           R"(,"data":{"a":1,"a":2})",           // a name twice, inside the data
           R"(,"Upper":"x")",                    //
           R"(,"under_score":"x")",              //
           R"(,"":"x")",                         //
           R"(,"subject":"")",                   //
           R"(,"subject":"a\u0000b")",           // a control character
           R"(,"time":"2018-04-05")",            //
           R"(,"datacontenttype":5)",            //
       }) {
    EXPECT_EQ(verdict(decode_json(event_json(more))), "invalid") << more;
  }
  EXPECT_EQ(verdict(decode_json(R"({"specversion":1.0,"id":"1","source":"/s","type":"t"})")), "invalid");
  EXPECT_EQ(verdict(decode_json(R"({"specversion":"1.0","id":5,"source":"/s"})")), "invalid");
  EXPECT_EQ(verdict(decode_json(R"({"specversion":"1.0","id":"1","source":null,"type":"t"})")), "invalid");
}

TEST(CloudEventJson, understands_no_other_event_format) {
  for (const char* type : {"application/cloudevents+cbor", "application/cloudevents-batch+json",
                           "application/cloudevents", "application/cloudevents+json2"}) {
    EXPECT_EQ(verdict(decode_cloud_event(structured(event_json(""), type))), "invalid") << type;
  }
}

TEST(CloudEventJson, a_structured_message_may_repeat_its_attributes_as_user_properties) {
  MqttMessage message = structured(event_json(""), kStructuredType);
  message.user_properties = {{"specversion", "1.0"}, {"id", "1"}, {"source", "/s"}, {"type", "t"}};
  EXPECT_EQ(decode_cloud_event(message), decode_json(event_json("")).value());
}

TEST(CloudEventJson, bounds_depth_and_bytes) {
  const auto nested = [](std::size_t depth) {
    return event_json(",\"data\":" + std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_EQ(verdict(decode_json(nested(63))), "accepted");
  EXPECT_EQ(verdict(decode_json(nested(64))), "too_large");
  EXPECT_EQ(verdict(decode_json(event_json(",\"data\":" + std::string(1'000'000, '[')))), "too_large");
  EXPECT_EQ(verdict(decode_json(std::string(limits::kMessageBytesMax + 1, ' '))), "too_large");

  CloudEvent event = reading_event();
  event.data.resize(1024 * 1024);  // the ceiling of an event's data fits, as Base64 too
  EXPECT_EQ(decode_json(json_of(event)), event);
  event.data.resize(limits::kMessageBytesMax);
  EXPECT_EQ(verdict(encode_cloud_event(event, "t", MqttVersion::v3_1_1)), "too_large");
}

}  // namespace
}  // namespace holdfast
