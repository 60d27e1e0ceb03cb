// SPDX-License-Identifier: MIT
//
// A resend request: one JSON object, 16 KiB at most.
//
//   {"type":"dev.holdfast.resend.v1","id":ID,"issued":TIME,
//    "ranges":[{"lane":LANE,"epoch"?:EPOCH,"first":SEQ,"last":SEQ}, ...],
//    "key"?:KEY,"from"?:TIME,"before"?:TIME,"mac"?:64 hexadecimal digits}
//
// A member that is not listed here, or comes twice, is refused: a filter that a device does not know would make it send
// more than was asked for. Times are RFC 3339 with six decimals.
//
// The MAC is HMAC-SHA256 over lines, each with its length before it, so that no two requests give the same bytes:
// type, device, id, issued, key, from, before, then lane, epoch, first, last of each range; absent ones are empty.
#include <algorithm>
#include <holdfast/limits.hpp>
#include <holdfast/records.hpp>
#include <utility>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "wire/json.hpp"
#include "wire/time_text.hpp"

namespace holdfast {
namespace {

using namespace wire;

constexpr const char* kWhere = "resend request";
constexpr JsonLimits kLimits = {.depth_max = 3, .items_max = 512, .bytes_max = 16 * 1024};

tl::unexpected<Error> invalid(std::string hint) { return fail(ErrorCode::invalid, kWhere, std::move(hint)); }

std::string time_or_nothing(const std::optional<UtcTime>& time) {
  return time ? time_text(*time) : std::string();
}

std::string mac_of(const ResendRequest& request, std::string_view device, std::string_view secret) {
  std::string text;
  const auto add = [&](std::string_view line) {
    text += std::to_string(line.size());
    text += ':';
    text += line;
    text += '\n';
  };
  for (const std::string_view line : {kResendType, device, std::string_view(request.id)}) add(line);
  add(time_text(request.issued));
  add(request.key);
  add(time_or_nothing(request.from));
  add(time_or_nothing(request.before));
  for (const ResendRange& range : request.ranges) {
    add(range.lane);
    add(range.epoch ? range.epoch->text() : std::string());
    add(std::to_string(range.first));
    add(std::to_string(range.last));
  }
  return base::hex(base::hmac_sha256(secret, text));
}

Result<void> check(const ResendRequest& request) {
  if (!base::is_device_id(request.id)) return invalid("the id is not 1 to 64 of [A-Za-z0-9._-]");
  if (request.ranges.empty() || request.ranges.size() > limits::kResendRangesMax)
    return invalid("not 1 to " + std::to_string(limits::kResendRangesMax) + " ranges");
  std::int64_t left = limits::kResendEventsMax;
  for (const ResendRange& range : request.ranges) {
    if (!base::is_lane_name(range.lane)) return invalid("a lane's name");
    if (range.first < 1 || range.last < range.first || range.last == INT64_MAX)
      return invalid("a range's ends");
    if (range.last - range.first >= left)
      return invalid("more than " + std::to_string(limits::kResendEventsMax) + " seqs");
    left -= range.last - range.first + 1;
  }
  if (request.key.size() > limits::kKeyBytesMax || !base::is_plain_text(request.key))
    return invalid("the key");
  return {};
}

std::string ranges_json(const ResendRequest& request) {
  std::string json = "[";
  for (const ResendRange& range : request.ranges) {
    JsonObjectWriter object;
    object.text("lane", range.lane);
    if (range.epoch) object.text("epoch", range.epoch->text());
    object.integer("first", range.first);
    object.integer("last", range.last);
    if (json.size() > 1) json += ',';
    json += std::move(object).finish();
  }
  return json += ']';
}

// Takes the members of an object by name; what is left over in the end is unknown, and the object is refused.
class Members {
 public:
  explicit Members(const JsonObject& object) : object_(object) {}

  template <class Content>
  const Content* take(std::string_view name) {
    const JsonValue* value = find_member(object_, name);
    if (value == nullptr) return nullptr;
    ++taken_;
    const auto* content = std::get_if<Content>(&value->content);
    if (content == nullptr) wrong_kind_ = true;
    return content;
  }
  std::string text(std::string_view name) {
    const auto* text = take<std::string>(name);
    return text == nullptr ? std::string() : *text;
  }
  std::int64_t integer(std::string_view name) {
    const auto* number = take<std::int64_t>(name);
    return number == nullptr ? 0 : *number;
  }
  /// False when it is there and no time.
  [[nodiscard]] bool time(std::string_view name, std::optional<UtcTime>& time) {
    const auto* text = take<std::string>(name);
    if (text == nullptr) return true;
    time = parse_time(*text);
    return time.has_value();
  }
  [[nodiscard]] bool all_known() const { return !wrong_kind_ && taken_ == object_.size(); }

 private:
  const JsonObject& object_;
  std::size_t taken_ = 0;
  bool wrong_kind_ = false;
};

Result<ResendRange> read_range(const JsonValue& value) {
  const auto* object = std::get_if<JsonObject>(&value.content);
  if (object == nullptr) return invalid("a range is no object");
  Members members(*object);
  ResendRange range;
  range.lane = members.text("lane");
  if (const auto* text = members.take<std::string>("epoch")) {
    const auto epoch = Epoch::parse(*text);
    if (!epoch) return invalid("an epoch");
    range.epoch = *epoch;
  }
  range.first = members.integer("first");
  range.last = members.integer("last");
  if (!members.all_known()) return invalid("a range with a member that it must not have");
  return range;
}

struct Read {
  ResendRequest request;
  std::string mac;
};

Result<Read> read(const JsonObject& object) {
  Members members(object);
  Read read;
  ResendRequest& request = read.request;
  if (members.text("type") != kResendType) return invalid("another type");
  request.id = members.text("id");
  std::optional<UtcTime> issued;
  const bool times = members.time("issued", issued) && members.time("from", request.from) &&
                     members.time("before", request.before);
  if (!times || !issued) return invalid("a time");
  request.issued = *issued;
  request.key = members.text("key");
  read.mac = members.text("mac");
  if (const auto* ranges = members.take<JsonArray>("ranges")) {
    if (ranges->size() > limits::kResendRangesMax) return invalid("too many ranges");
    for (const JsonValue& value : *ranges) {
      auto range = read_range(value);
      if (!range) return tl::unexpected<Error>(range.error());
      request.ranges.push_back(std::move(*range));
    }
  }
  if (!members.all_known()) return invalid("a member that it must not have, or of the wrong kind");
  return read;
}

}  // namespace

Result<MqttMessage> encode_resend(const ResendRequest& request, std::string_view device, std::string topic,
                                  std::string_view secret) {
  if (auto done = check(request); !done) return tl::unexpected<Error>(done.error());
  if (!base::is_topic(topic)) return invalid("the topic cannot be published to");
  JsonObjectWriter json;
  json.text("type", kResendType);
  json.text("id", request.id);
  json.text("issued", time_text(request.issued));
  json.raw("ranges", ranges_json(request));
  if (!request.key.empty()) json.text("key", request.key);
  if (request.from) json.text("from", time_text(*request.from));
  if (request.before) json.text("before", time_text(*request.before));
  if (!secret.empty()) json.text("mac", mac_of(request, device, secret));
  MqttMessage message;
  message.topic = std::move(topic);
  message.content_type = "application/json";
  message.payload_is_utf8 = true;
  const std::string text = std::move(json).finish();
  const auto bytes = bytes_of(text);
  message.payload.assign(bytes.begin(), bytes.end());
  return message;
}

Result<ResendRequest> decode_resend(const MqttMessage& message, std::string_view device,
                                    std::string_view secret) {
  const std::string_view text(reinterpret_cast<const char*>(message.payload.data()), message.payload.size());
  const auto json = parse_json(text, kLimits);
  if (!json) return invalid(json.error().hint);
  const auto* object = std::get_if<JsonObject>(&json->content);
  if (object == nullptr) return invalid("no JSON object");
  auto got = read(*object);
  if (!got) return tl::unexpected<Error>(got.error());
  if (auto done = check(got->request); !done) return tl::unexpected<Error>(done.error());
  const bool authorised =
      secret.empty() || base::equal_in_constant_time(got->mac, mac_of(got->request, device, secret));
  if (!authorised) return fail(ErrorCode::denied, kWhere, "its MAC was not made with our secret");
  return std::move(got->request);
}

}  // namespace holdfast
