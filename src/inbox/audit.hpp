// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "inbox/tables.hpp"

/// What is missing, from the tables.
namespace holdfast::inbox {

/// One lane in one epoch of a device.
struct LaneEpoch {
  std::int64_t device = 0;
  std::string_view lane;
  Stream stream;
};

/// From the first seq of the stream to the last one that must exist. Nothing: no seq must.
[[nodiscard]] Result<std::optional<Interval>> extent_of(Tables& tables, const LaneEpoch& at);

/// What is missing of `whole`.
[[nodiscard]] Result<std::vector<Missing>> missing_in(Tables& tables, Stream stream, const Interval& whole);

/// At most `ranges_max` missing ranges of all streams.
[[nodiscard]] Result<std::vector<MissingRange>> list_missing(Tables& tables, std::size_t ranges_max);

}  // namespace holdfast::inbox
