// SPDX-License-Identifier: MIT
#include "program/event_text.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include <holdfast/senml.hpp>

#include "base/text.hpp"
#include "program/talk.hpp"
#include "wire/base64.hpp"

namespace holdfast::program {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kLineBytesMax = 4096;

[[nodiscard]] std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] std::optional<senml::Pack> pack_of(const CloudEvent& event) {
  if (!event.content_type.starts_with(senml::kContentType)) return std::nullopt;
  const auto decoded = senml::decode(event.data);
  const auto resolved = decoded ? senml::resolve(*decoded, std::nullopt) : decoded;
  if (!resolved) return std::nullopt;
  return *resolved;
}

[[nodiscard]] std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

[[nodiscard]] std::string value_text(const senml::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::to_string(std::get<std::vector<std::byte>>(value).size()) + " bytes";
}

[[nodiscard]] std::string data_text(const CloudEvent& event) {
  if (const auto pack = pack_of(event)) {
    std::string line;
    for (const senml::Record& record : *pack) {
      if (!line.empty()) line += "  ";
      line += record.name.value_or("") + "=";
      if (record.value) line += value_text(*record.value);
      if (record.unit) line += " " + *record.unit;
    }
    return line;
  }
  if (base::is_utf8(text_of(event.data))) return std::string(text_of(event.data).substr(0, kLineBytesMax));
  return std::to_string(event.data.size()) + " bytes of " + event.content_type;
}

[[nodiscard]] Json record_json(const senml::Record& record) {
  Json json = {{"n", record.name.value_or("")}};
  if (record.unit) json["u"] = *record.unit;
  if (record.time) json["t"] = *record.time;
  if (record.sum) json["s"] = *record.sum;
  if (!record.value) return json;
  if (const auto* flag = std::get_if<bool>(&*record.value)) json["vb"] = *flag;
  if (const auto* number = std::get_if<double>(&*record.value)) json["v"] = *number;
  if (const auto* text = std::get_if<std::string>(&*record.value)) json["vs"] = *text;
  if (const auto* bytes = std::get_if<std::vector<std::byte>>(&*record.value))
    json["vd"] = wire::encode_base64(*bytes);
  return json;
}

void add_data(Json& json, const CloudEvent& event) {
  const std::string_view text = text_of(event.data);
  if (const auto pack = pack_of(event)) {
    json["data_senml"] = Json::array();
    for (const senml::Record& record : *pack) json["data_senml"].push_back(record_json(record));
  } else if (base::is_utf8(text)) {  // JSON too: its depth is the sender's choice, and our writer recurses
    json["data_text"] = text;
  } else {
    json["data_base64"] = wire::encode_base64(event.data);
  }
}

}  // namespace

std::string event_line(const CloudEvent& event) {
  std::string line = event.id + " " + (event.subject.empty() ? "-" : event.subject) + " " + data_text(event);
  if (line.size() > kLineBytesMax) line = line.substr(0, kLineBytesMax) + "...";
  return printable(line);
}

std::string event_json(const CloudEvent& event) {
  Json json = {{"id", event.id}, {"source", event.source}, {"type", event.type}};
  if (!event.subject.empty()) json["subject"] = event.subject;
  if (!event.time.empty()) json["time"] = event.time;
  if (!event.content_type.empty()) json["datacontenttype"] = event.content_type;
  for (const Attribute& attribute : event.attributes) json[attribute.name] = attribute.value;
  add_data(json, event);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::program
