// SPDX-License-Identifier: MIT
#include "wire/records.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "wire/identity.hpp"
#include "wire/json.hpp"

namespace holdfast::wire {
namespace {

constexpr JsonLimits kRecordLimits = {.depth_max = 8, .items_max = 1024, .bytes_max = 64 * 1024};
constexpr std::string_view kContentType = "application/json";

CloudEvent record_event(std::string_view type, std::string id, std::string source, Epoch epoch,
                        const std::string& json) {
  CloudEvent event;
  event.id = std::move(id);
  event.source = std::move(source);
  event.type = type;
  event.content_type = kContentType;
  event.attributes.push_back({std::string(kEpochAttribute), epoch.text()});
  const auto bytes = bytes_of(json);
  event.data.assign(bytes.begin(), bytes.end());
  return event;
}

// Reads members of a record's data and remembers the first that is missing or of the wrong kind.
class MemberReader {
 public:
  explicit MemberReader(const JsonObject& object) : object_(object) {}

  [[nodiscard]] bool has(std::string_view name) const { return find_member(object_, name) != nullptr; }

  std::int64_t integer(std::string_view name, std::int64_t min) {
    const auto* number = get<std::int64_t>(name);
    if (number == nullptr || *number < min) return refuse<std::int64_t>(name);
    return *number;
  }
  Epoch epoch(std::string_view name) {
    const auto* text = get<std::string>(name);
    const auto epoch = Epoch::parse(text == nullptr ? "" : *text);
    if (!epoch) return refuse<Epoch>(name);
    return *epoch;
  }
  std::string word(std::string_view name) {  // a lane or a reason: both are [a-z0-9_]{1,32}
    const auto* text = get<std::string>(name);
    if (text == nullptr || !base::is_lane_name(*text)) return refuse<std::string>(name);
    return *text;
  }
  std::vector<LaneEnd> lane_ends(std::string_view name) {
    const auto* object = get<JsonObject>(name);
    if (object == nullptr) return refuse<std::vector<LaneEnd>>(name);
    std::vector<LaneEnd> ends;
    for (const auto& [lane, last] : *object) {
      const auto* seq = std::get_if<std::int64_t>(&last.content);
      if (!base::is_lane_name(lane) || seq == nullptr || *seq < 0) return refuse<std::vector<LaneEnd>>(name);
      ends.push_back({lane, *seq});
    }
    return ends;
  }

  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  template <class Content>
  const Content* get(std::string_view name) const {
    const JsonValue* value = find_member(object_, name);
    return value == nullptr ? nullptr : std::get_if<Content>(&value->content);
  }
  template <class Value>
  Value refuse(std::string_view name) {
    if (refused_.empty()) refused_ = name;
    return {};
  }

  const JsonObject& object_;
  std::string refused_;
};

Result<JsonValue> read_data(const CloudEvent& event, std::string_view type, const char* where) {
  if (event.type != type) return fail(ErrorCode::invalid, where, "another type");
  const std::string_view text(reinterpret_cast<const char*>(event.data.data()), event.data.size());
  auto json = parse_json(text, kRecordLimits);
  if (json && !std::holds_alternative<JsonObject>(json->content)) {
    return fail(ErrorCode::invalid, where, "the data is not a JSON object");
  }
  return json;
}

bool names_epoch(const CloudEvent& event, Epoch epoch) {
  const std::string* attribute = event.attribute(kEpochAttribute);
  return attribute != nullptr && *attribute == epoch.text();
}

bool is_gap_id(std::string_view id, const GapRecord& gap) {
  const std::string prefix = gap.epoch.text() + '-' + gap.lane + "-gap-";
  return id.starts_with(prefix) && base::parse_decimal(id.substr(prefix.size())).has_value();
}

}  // namespace

CloudEvent gap_event(const GapRecord& gap, std::string_view device) {
  JsonObjectWriter data;
  data.text("epoch", gap.epoch.text());
  data.text("lane", gap.lane);
  data.integer("first", gap.first);
  data.integer("last", gap.last);
  data.integer("missing", gap.missing);
  data.integer("bytes", gap.bytes);
  data.text("reason", gap.reason);
  return record_event(kGapType, gap.id, lane_source(device, gap.lane), gap.epoch, std::move(data).finish());
}

CloudEvent epoch_event(const EpochRecord& epoch, std::string_view device) {
  JsonObjectWriter ends;
  for (const LaneEnd& end : epoch.parent_ends) ends.integer(end.lane, end.last);
  JsonObjectWriter data;
  data.text("epoch", epoch.epoch.text());
  if (epoch.parent) data.text("parent", epoch.parent->text());
  data.raw("parent_ends", std::move(ends).finish());
  data.text("reason", epoch.reason);
  return record_event(kEpochType, epoch.epoch.text() + "-epoch", device_source(device), epoch.epoch,
                      std::move(data).finish());
}

Result<GapRecord> read_gap(const CloudEvent& event) {
  constexpr const char* kWhere = "read gap record";
  const auto json = read_data(event, kGapType, kWhere);
  if (!json) return tl::unexpected(json.error());
  MemberReader data(std::get<JsonObject>(json->content));
  GapRecord gap;
  gap.id = event.id;
  gap.epoch = data.epoch("epoch");
  gap.lane = data.word("lane");
  gap.first = data.integer("first", 1);
  gap.last = data.integer("last", gap.first);
  gap.missing = data.integer("missing", 1);
  gap.bytes = data.integer("bytes", 0);
  gap.reason = data.word("reason");
  if (!data.refused().empty()) return fail(ErrorCode::invalid, kWhere, "member " + data.refused());
  if (gap.missing > gap.last - gap.first + 1)
    return fail(ErrorCode::invalid, kWhere, "more missing than the hull");
  const auto source = parse_source(event.source);
  const bool consistent =
      source && source->lane == gap.lane && names_epoch(event, gap.epoch) && is_gap_id(gap.id, gap);
  if (!consistent) return fail(ErrorCode::invalid, kWhere, "source, id or epoch contradict the data");
  return gap;
}

Result<EpochRecord> read_epoch(const CloudEvent& event) {
  constexpr const char* kWhere = "read epoch record";
  const auto json = read_data(event, kEpochType, kWhere);
  if (!json) return tl::unexpected(json.error());
  MemberReader data(std::get<JsonObject>(json->content));
  EpochRecord epoch;
  epoch.epoch = data.epoch("epoch");
  if (data.has("parent")) epoch.parent = data.epoch("parent");
  epoch.parent_ends = data.lane_ends("parent_ends");
  epoch.reason = data.word("reason");
  if (!data.refused().empty()) return fail(ErrorCode::invalid, kWhere, "member " + data.refused());
  if (epoch.parent ? *epoch.parent == epoch.epoch : !epoch.parent_ends.empty()) {
    return fail(ErrorCode::invalid, kWhere, "the parent and where it ended do not fit");
  }
  const auto source = parse_source(event.source);
  const bool consistent = source && source->lane.empty() && names_epoch(event, epoch.epoch) &&
                          event.id == epoch.epoch.text() + "-epoch";
  if (!consistent) return fail(ErrorCode::invalid, kWhere, "source, id or epoch contradict the data");
  return epoch;
}

}  // namespace holdfast::wire
