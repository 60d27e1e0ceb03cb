// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/time.hpp>

namespace holdfast::base {

/// Ties powered time to UTC, for one boot: written when the wall clock could be trusted.
struct TimeAnchor {
  Instant since_boot;
  UtcTime utc;
  friend bool operator==(const TimeAnchor&, const TimeAnchor&) = default;
};

}  // namespace holdfast::base
