// SPDX-License-Identifier: MIT
#include "relay/presence.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "wire/json.hpp"
#include "wire/time_text.hpp"

namespace holdfast::relay {
namespace {

using wire::JsonObjectWriter;

/// Alarms may come and go with each answer of the broker.
constexpr std::chrono::seconds kBetweenNews{1};

std::string quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

// `items` are JSON texts.
std::string array_of(const std::vector<std::string>& items) {
  std::string json = "[";
  for (const std::string& item : items) json += (json.size() == 1 ? "" : ",") + item;
  return json + "]";
}

void add_time(JsonObjectWriter& json, std::string_view name, const std::optional<UtcTime>& time) {
  if (time)
    json.text(name, wire::time_text(*time));
  else
    json.raw(name, "null");
}

void add_count(JsonObjectWriter& json, std::string_view name, std::uint64_t count) {
  json.raw(name, std::to_string(count));
}

void add_identity(JsonObjectWriter& json, std::string_view state, const std::string& device,
                  const std::optional<Epoch>& epoch) {
  json.text("state", state);
  json.text("device", device);
  if (epoch)
    json.text("epoch", epoch->text());
  else
    json.raw("epoch", "null");
}

std::string lane_json(const LaneStatistics& lane) {
  JsonObjectWriter json;
  json.text("name", lane.name);
  json.integer("backlog_events", lane.backlog_events);
  const auto age = lane.oldest_age ? std::chrono::floor<std::chrono::seconds>(*lane.oldest_age).count() : 0;
  json.raw("oldest_age_s", lane.oldest_age ? std::to_string(age) : "null");
  json.integer("quarantined_events", lane.quarantined_events);
  json.integer("lost_events_ever", lane.lost_events_ever);
  return std::move(json).finish();
}

std::string alarms_json(const std::vector<RelayAlarm>& alarms) {
  std::vector<std::string> names;
  for (const RelayAlarm alarm : alarms) names.push_back(quoted(to_string(alarm)));
  return array_of(names);
}

std::string lanes_json(const std::vector<LaneStatistics>& lanes) {
  std::vector<std::string> items;
  for (const LaneStatistics& lane : lanes) items.push_back(lane_json(lane));
  return array_of(items);
}

}  // namespace

Presence::Presence(Setup setup) : setup_(std::move(setup)), backoff_(setup_.pause) {}

std::optional<platform::Will> Presence::will() const {
  if (!enabled()) return std::nullopt;
  return platform::Will{offline("lost")};
}

void Presence::connected(bool retain_available, Instant now, const platform::WallTime& wall) {
  retained_ = retain_available;
  connected_ = true;
  in_flight_ = false;
  due_at_ = now;
  since_ = wall.trusted ? std::optional(wall.utc) : std::nullopt;
}

void Presence::disconnected() noexcept {
  connected_ = false;
  in_flight_ = false;
}

MqttMessage Presence::online(const RelayStatistics& relay, const platform::WallTime& wall) const {
  const Statistics figures = setup_.figures();
  JsonObjectWriter json;
  add_identity(json, "online", setup_.device, figures.store.newest_epoch);
  add_time(json, "since", since_);
  add_time(json, "at", wall.trusted ? std::optional(wall.utc) : std::nullopt);
  json.raw("alarms", alarms_json(relay.alarms));
  json.raw("lanes", lanes_json(figures.lanes));
  add_count(json, "connects", relay.connects);
  add_count(json, "disconnects", relay.disconnects);
  add_count(json, "published", relay.published);
  add_count(json, "republished", relay.republished);
  add_count(json, "acknowledged", relay.acknowledged);
  add_count(json, "refused", relay.refused);
  add_count(json, "quarantined", relay.quarantined);
  return message(std::move(json).finish());
}

MqttMessage Presence::offline(std::string_view reason) const {
  JsonObjectWriter json;
  add_identity(json, "offline", setup_.device, setup_.figures().store.newest_epoch);
  json.text("reason", reason);
  return message(std::move(json).finish());
}

MqttMessage Presence::message(std::string json) const {
  const auto bytes = std::as_bytes(std::span(json));
  return {.topic = setup_.topic_prefix + "/" + setup_.device + "/~status",
          .payload = {bytes.begin(), bytes.end()},
          .content_type = "application/json",
          .user_properties = {},
          .expiry_s = std::nullopt,
          .payload_is_utf8 = true,
          .retain = true};
}

void Presence::sent(Instant now, const std::vector<RelayAlarm>& alarms) {
  in_flight_ = true;
  sent_at_ = now;
  due_at_ = saturating_add(now, setup_.period);
  told_ = alarms;
}

void Presence::acknowledged() noexcept {
  in_flight_ = false;
  backoff_.reset();
}

void Presence::refused(Instant now, std::uint64_t random) {
  in_flight_ = false;
  due_at_ = saturating_add(now, std::max(setup_.period, backoff_.next(random)));
}

Instant Presence::next_call(const std::vector<RelayAlarm>& alarms) const noexcept {
  if (!enabled() || !connected_ || in_flight_) return Instant::max();
  // A refused status waits for its time whatever happens.
  const bool news = alarms != told_ && !backoff_.failing();
  return news ? std::min(due_at_, saturating_add(sent_at_, kBetweenNews)) : due_at_;
}

}  // namespace holdfast::relay
