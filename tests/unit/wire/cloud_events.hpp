// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <holdfast/cloud_event.hpp>
#include <holdfast/limits.hpp>

#include "unit/wire/bytes.hpp"

namespace holdfast::test {

/// An event as Holdfast publishes it.
inline CloudEvent reading_event() {
  CloudEvent event;
  event.id = "00c0ffee00c0ffee-alarm-42";
  event.source = "urn:holdfast:pump-7/alarm";
  event.type = "com.example.reading.v1";
  event.subject = "thermal/cpu";
  event.time = "2026-11-20T23:04:42.123456Z";
  event.content_type = "application/senml+cbor";
  event.attributes = {{"sequence", "00000000000000000042"},
                      {"epoch", "00c0ffee00c0ffee"},
                      {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  event.data = from_hex("81a200616102f95200");
  return event;
}

inline MqttMessage structured(std::string_view json, std::string content_type = "") {
  MqttMessage message;
  message.topic = "mytopic";
  message.payload = to_bytes(json);
  message.content_type = std::move(content_type);
  return message;
}

template <class Value>
std::string verdict(const Result<Value>& result) {
  return result ? "accepted" : std::string(to_string(result.error().code));
}

}  // namespace holdfast::test
