// SPDX-License-Identifier: MIT
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>

namespace holdfast {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::busy: return "busy";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::full: return "full";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::schema_newer: return "schema_newer";
    case ErrorCode::disk_full: return "disk_full";
    case ErrorCode::denied: return "denied";
    case ErrorCode::io_error: return "io_error";
    case ErrorCode::outcome_unknown: return "outcome_unknown";
  }
  return "unknown";
}

std::string_view to_string(Pressure pressure) noexcept {
  constexpr std::string_view kNames[] = {"normal", "conserve", "shed", "protect", "emergency"};
  return kNames[static_cast<std::size_t>(pressure)];
}

std::string_view to_string(RelayState state) noexcept {
  switch (state) {
    case RelayState::stopped: return "stopped";
    case RelayState::connecting: return "connecting";
    case RelayState::connected: return "connected";
    case RelayState::backing_off: return "backing_off";
  }
  return "unknown";
}

std::string_view to_string(RelayAlarm alarm) noexcept {
  switch (alarm) {
    case RelayAlarm::credentials_refused: return "credentials_refused";
    case RelayAlarm::duplicate_identity: return "duplicate_identity";
    case RelayAlarm::topics_denied: return "topics_denied";
    case RelayAlarm::stalled: return "stalled";
    case RelayAlarm::quarantine_full: return "quarantine_full";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string line = where;
  if (!line.empty()) line += ": ";
  line += to_string(code);
  if (native != 0) line += " (" + std::to_string(native) + ")";
  if (!hint.empty()) line += ": " + hint;
  return line;
}

}  // namespace holdfast
