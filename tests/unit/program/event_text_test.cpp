// SPDX-License-Identifier: MIT
#include "program/event_text.hpp"

#include <gtest/gtest.h>

#include <holdfast/senml.hpp>

#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] CloudEvent event(std::string content_type, std::string_view data) {
  CloudEvent event;
  event.id = "0123456789abcdef-telemetry-7";
  event.source = "urn:holdfast:pi4/telemetry";
  event.type = "t.v1";
  event.subject = "room";
  event.content_type = std::move(content_type);
  const auto bytes = bytes_of(data);
  event.data.assign(bytes.begin(), bytes.end());
  return event;
}

[[nodiscard]] CloudEvent senml_event() {
  CloudEvent result = event(std::string(senml::kContentType), "");
  result.data = senml::encode({{.base_name = "urn:x/", .name = "room", .unit = "Cel", .value = 21.5},
                               {.name = "door", .value = true}})
                    .value();
  return result;
}

TEST(EventText, a_senml_pack_is_shown_by_name_value_and_unit) {
  EXPECT_EQ(event_line(senml_event()),
            "0123456789abcdef-telemetry-7 room urn:x/room=21.5 Cel  urn:x/door=true");
}

TEST(EventText, text_is_shown_without_control_characters) {
  EXPECT_EQ(event_line(event("text/plain", "a\x1b[2Jb\nc")), "0123456789abcdef-telemetry-7 room a [2Jb c");
}

TEST(EventText, other_bytes_are_counted) {
  EXPECT_EQ(event_line(event("image/png", "\xff\xfe")),
            "0123456789abcdef-telemetry-7 room 2 bytes of image/png");
}

TEST(EventText, a_long_text_is_cut) {
  EXPECT_LE(event_line(event("text/plain", std::string(100'000, 'x'))).size(), 4200U);
}

TEST(EventText, json_carries_attributes_and_data) {
  CloudEvent with_attribute = senml_event();
  with_attribute.attributes.push_back({"sequence", "7"});
  EXPECT_EQ(event_json(with_attribute),
            R"({"id":"0123456789abcdef-telemetry-7","source":"urn:holdfast:pi4/telemetry","type":"t.v1",)"
            R"("subject":"room","datacontenttype":"application/senml+cbor","sequence":"7",)"
            R"("data_senml":[{"n":"urn:x/room","u":"Cel","v":21.5},{"n":"urn:x/door","vb":true}]})");
}

TEST(EventText, json_of_any_depth_is_a_text_in_json) {
  const std::string deep(60'000, '[');
  const std::string json = event_json(event("application/json", deep));
  EXPECT_NE(json.find(R"("data_text":")" + deep + "\""), std::string::npos);
}

TEST(EventText, bytes_that_are_no_text_become_base64) {
  EXPECT_NE(event_json(event("image/png", "\xff\xfe")).find(R"("data_base64":"//4=")"), std::string::npos);
}

TEST(Printable, replaces_what_a_terminal_would_obey) {
  EXPECT_EQ(printable("a\x07\x1b\x7f z\xc3\xa9"), "a    z\xc3\xa9");
  EXPECT_EQ(printable("\xc2\x9b"), "??");  // CSI as a C1 control
}

}  // namespace
}  // namespace holdfast::program
