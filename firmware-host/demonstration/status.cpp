// SPDX-License-Identifier: MIT
#include "demonstration/status.hpp"

#include <nlohmann/json.hpp>

#include "program/status_file.hpp"

namespace holdfast::demo {
namespace {

using Json = nlohmann::json;

/// Status files are replaced as a whole, so one that is there can be read; null before the first.
[[nodiscard]] Json read_status(const std::string& path) {
  const auto text = program::read_status_file(path);
  return text ? Json::parse(*text, nullptr, false) : Json();
}

}  // namespace

void read_device_status(const std::string& path, Sample& sample) {
  const Json status = read_status(path);
  if (!status.is_object()) return;
  Sample fresh = sample;
  fresh.backlog = fresh.committed = fresh.in_flight = 0;
  for (const Json& lane : status.at("lanes")) {
    fresh.backlog += lane.at("backlog_events").get<std::uint64_t>();
    fresh.committed += lane.at("committed_seq").get<std::uint64_t>();
  }
  if (status.contains("relay"))
    fresh.in_flight = status.at("relay").at("in_flight_events").get<std::uint64_t>();
  sample = fresh;
}

void read_consumer_status(const std::string& path, Sample& sample) {
  const Json status = read_status(path);
  if (!status.is_object()) return;
  sample.received = status.at("received").get<std::uint64_t>();
  sample.applied = status.at("applied").get<std::uint64_t>();
  sample.duplicates = status.at("duplicates").get<std::uint64_t>();
}

}  // namespace holdfast::demo
