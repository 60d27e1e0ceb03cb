// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/outbox.hpp>
#include <holdfast/statistics.hpp>

/// What is to be seen of a store: one JSON document, which the status file holds and `status --json` prints,
/// and two renderings of it for people. Fields may be added to the document; those there keep name and
/// meaning.
namespace holdfast::program {

/// What the document says beside the statistics.
struct StatusContext {
  std::string state;  ///< "running", "stopped" (the last word of `run`), "at_rest" (looked at by `status`)
  std::string path;
  std::string broker_url;           ///< empty: no relay
  std::uint64_t readings_lost = 0;  ///< could not be stored; the outbox said why
  std::uint64_t sensor_errors = 0;
};

/// One line of JSON without a line end.
[[nodiscard]] std::string status_json(const StatusContext& context, const Statistics& statistics,
                                      PlatformView platform);

/// A document as several lines for people. `invalid`: it is no such document.
[[nodiscard]] Result<std::string> status_text(std::string_view json);

/// The lanes alone: a document as one line, and a table for people without a last line end.
[[nodiscard]] std::string lanes_json(const std::vector<LaneStatistics>& lanes);
[[nodiscard]] std::string lanes_table(const std::vector<LaneStatistics>& lanes);

/// Who wrote a document: the process, in which boot, and whether it said that it goes on.
struct StatusAuthor {
  std::int64_t process_id = 0;
  std::string boot_id;
  bool running = false;
};
[[nodiscard]] Result<StatusAuthor> status_author(std::string_view json);

/// "connected  committed 120  settled 118  backlog 2  in flight 2"; the disk state when it is not normal,
/// what an operator should know of the store, and the last error when not connected.
[[nodiscard]] std::string status_line(const Statistics& statistics, const std::string& broker_url);

}  // namespace holdfast::program
