// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <holdfast/cloud_event.hpp>
#include <holdfast/records.hpp>
#include <holdfast/result.hpp>

/// Gap and epoch records as CloudEvents with JSON data. The type names the format's version (...v1).
///
///   gap    source lane_source, id <epoch>-<lane>-gap-<n>, attribute epoch; data
///          {"epoch","lane","first","last","missing","bytes","reason"}
///   epoch  source device_source, id <epoch>-epoch, attribute epoch; data
///          {"epoch","parent"?,"parent_ends":{<lane>:<last>,...},"reason"}
///
/// Epochs are 16 hexadecimal digits, seqs and counts are JSON integers up to 2^63-1. A reader ignores members
/// it does not know; a later v1 may add some.
namespace holdfast::wire {

/// The record keeps its own invariants: 1 <= first <= last, 1 <= missing <= last - first + 1, bytes >= 0.
[[nodiscard]] CloudEvent gap_event(const GapRecord& gap, std::string_view device);
[[nodiscard]] CloudEvent epoch_event(const EpochRecord& epoch, std::string_view device);

/// `invalid`: another type, no JSON, a member is missing or out of its range, or it contradicts the event's
/// source, id or epoch.
[[nodiscard]] Result<GapRecord> read_gap(const CloudEvent& event);
[[nodiscard]] Result<EpochRecord> read_epoch(const CloudEvent& event);

}  // namespace holdfast::wire
