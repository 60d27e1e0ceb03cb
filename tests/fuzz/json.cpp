// SPDX-License-Identifier: MIT
//
// The JSON reader: what is kept does not change what is accepted; a member's raw text is that member's value; what the
// writer writes, the reader reads.
#include "wire/json.hpp"

#include <holdfast/check.hpp>

#include "fuzz/input.hpp"

namespace holdfast::wire {
namespace {

bool same(const JsonValue& left, const JsonValue& right);

bool same_content(const JsonArray& left, const JsonArray& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!same(left[i], right[i])) return false;
  }
  return true;
}

bool same_content(const JsonObject& left, const JsonObject& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].name != right[i].name || !same(left[i].value, right[i].value)) return false;
  }
  return true;
}

bool same_content(const JsonOtherNumber&, const JsonOtherNumber&) { return true; }
template <class T>
bool same_content(const T& left, const T& right) {
  return left == right;
}

bool same(const JsonValue& left, const JsonValue& right) {
  if (left.content.index() != right.content.index()) return false;
  return std::visit(
      [&](const auto& content) {
        return same_content(content, std::get<std::decay_t<decltype(content)>>(right.content));
      },
      left.content);
}

void write_again(std::string_view text, const JsonObject& object) {
  JsonObjectWriter writer;
  for (std::size_t i = 0; i < object.size(); ++i) {
    const std::string_view raw = raw_member(text, i);
    const auto member = parse_json(raw);
    HOLDFAST_CHECK(member && same(*member, object[i].value));
    if (const auto* value = std::get_if<std::string>(&object[i].value.content)) {
      writer.text(object[i].name, *value);
    } else if (const auto* number = std::get_if<std::int64_t>(&object[i].value.content)) {
      writer.integer(object[i].name, *number);
    } else {
      writer.raw(object[i].name, raw);
    }
  }
  const auto again = parse_json(std::move(writer).finish());
  HOLDFAST_CHECK(again && std::holds_alternative<JsonObject>(again->content));
  HOLDFAST_CHECK(same_content(std::get<JsonObject>(again->content), object));
}

}  // namespace

HOLDFAST_FUZZ_TARGET(json) {
  const std::string_view text = fuzz::text_of(input);
  const auto value = parse_json(text);
  for (const std::size_t depth_kept : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const auto shallow = parse_json(text, {.depth_kept = depth_kept});
    HOLDFAST_CHECK(shallow.has_value() == value.has_value());
    HOLDFAST_CHECK(shallow || shallow.error().code == value.error().code);
  }
  const auto in_small = parse_json(text, {.depth_max = 2, .items_max = 4, .bytes_max = 32});
  HOLDFAST_CHECK(value || !in_small);
  if (!value) return;
  if (const auto* object = std::get_if<JsonObject>(&value->content)) write_again(text, *object);
}

}  // namespace holdfast::wire
