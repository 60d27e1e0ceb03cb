// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/event.hpp>
#include <holdfast/records.hpp>
#include <holdfast/time.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time_anchor.hpp"

namespace holdfast::store {

/// A lane's number in this store: 1, 2, 3 ... in order of creation. Names a table, never reused.
using LaneNumber = std::int64_t;

/// A committed event, as read back for publishing.
struct StoredEvent {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  Epoch epoch;
  std::string key;
  std::string type;
  std::string content_type;
  std::string topic;
  std::vector<Attribute> attributes;
  std::optional<std::uint32_t> ttl_s;
  bool of_this_boot = false;
  Instant committed_at;                    ///< powered time of the boot it was committed in
  std::optional<base::TimeAnchor> anchor;  ///< of that boot, when its clock was ever trusted
  std::vector<std::byte> data;
};

/// A lane as a process knows it that has the store open: what the file must have, whatever became of it meanwhile.
struct KnownLane {
  LaneNumber lane = 0;
  std::string name;
  std::int64_t last_seq = 0;  ///< the highest that was committed
};

/// A gap or epoch record that the broker has not acknowledged yet.
struct ControlRecord {
  std::int64_t number =
      0;  ///< names it in settle_control, also when the file it was read from is set aside by then
  std::variant<GapRecord, EpochRecord> record;
};

}  // namespace holdfast::store
