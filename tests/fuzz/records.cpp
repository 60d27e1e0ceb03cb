// SPDX-License-Identifier: MIT
//
// Gap and epoch records: the input is their JSON data. The attributes around it fit what the data say, so that the
// readers look at all of it; a first byte below 4 makes one of them wrong, and then nothing may be accepted.
#include "wire/records.hpp"

#include <holdfast/check.hpp>

#include "fuzz/input.hpp"
#include "wire/identity.hpp"
#include "wire/json.hpp"

namespace holdfast::wire {
namespace {

std::string text_member(const JsonValue& json, std::string_view name) {
  const auto* object = std::get_if<JsonObject>(&json.content);
  const JsonValue* value = object == nullptr ? nullptr : find_member(*object, name);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->content);
  return text == nullptr ? "" : *text;
}

CloudEvent around(fuzz::Bytes data, std::uint8_t wrong, bool is_gap) {
  CloudEvent event;
  event.data = fuzz::copy_of(data);
  event.content_type = "application/json";
  const auto json = parse_json(fuzz::text_of(data));
  const std::string epoch = json ? text_member(*json, "epoch") : "";
  const std::string lane = json ? text_member(*json, "lane") : "";
  event.type = is_gap ? kGapType : kEpochType;
  event.id = is_gap ? epoch + '-' + lane + "-gap-1" : epoch + "-epoch";
  event.source = is_gap ? lane_source("device-1", lane) : device_source("device-1");
  event.attributes = {{std::string(kEpochAttribute), epoch}};
  if (wrong == 0) event.id += 'x';
  if (wrong == 1) event.source += "/x";
  if (wrong == 2) event.attributes[0].value = "00000000000000aa";
  if (wrong == 3) event.type += 'x';
  return event;
}

void check_gap(const CloudEvent& event, bool wrong) {
  const auto gap = read_gap(event);
  if (!gap) return;
  HOLDFAST_CHECK(!wrong);
  HOLDFAST_CHECK(1 <= gap->first && gap->first <= gap->last && gap->missing >= 1 && gap->bytes >= 0);
  HOLDFAST_CHECK(gap->missing <= gap->last - gap->first + 1);
  const auto again = read_gap(gap_event(*gap, "device-1"));
  HOLDFAST_CHECK(again && *again == *gap);
}

void check_epoch(const CloudEvent& event, bool wrong) {
  const auto epoch = read_epoch(event);
  if (!epoch) return;
  HOLDFAST_CHECK(!wrong);
  const auto again = read_epoch(epoch_event(*epoch, "device-1"));
  HOLDFAST_CHECK(again && *again == *epoch);
}

}  // namespace

HOLDFAST_FUZZ_TARGET(records) {
  fuzz::Input in(input);
  const std::uint8_t first = in.byte();
  const fuzz::Bytes data = in.rest();
  if (fuzz::text_of(data).find("00000000000000aa") != std::string_view::npos) return;
  check_gap(around(data, first, true), first < 4);
  check_epoch(around(data, first, false), first < 4);
}

}  // namespace holdfast::wire
