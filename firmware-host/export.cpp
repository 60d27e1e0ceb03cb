// SPDX-License-Identifier: MIT
#include "export.hpp"

#include <algorithm>

#include <holdfast/platform/linux.hpp>

#include "program/export_text.hpp"
#include "program/open_store.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<void> print_event(const std::string& device, const ArchivedEvent& event) {
  const auto line = export_json(device, event);
  if (!line) return trouble(line.error(), Doing::opening);
  if (print_line(*line)) return {};
  return trouble({ErrorCode::io_error, 0, "print an event", "standard output is closed"}, kExitIo);
}

[[nodiscard]] Outcome<void> print_lane(Outbox& outbox, const std::string& device, const LaneStatistics& lane,
                                       const ExportOptions& options) {
  std::int64_t after = options.from_seq - 1;
  if (!options.settled) after = std::max(after, lane.settled_seq);
  for (bool more = true; more && after < options.to_seq;) {  // each page is further up in the lane
    const auto page = outbox.events(lane.name, after);
    if (!page) return trouble(page.error(), Doing::opening);
    for (const ArchivedEvent& event : page->events) {
      if (event.id.seq > options.to_seq) return {};
      if (event.settled && !options.settled) continue;
      if (auto printed = print_event(device, event); !printed) return printed;
    }
    after = page->end_seq;
    more = page->more;
  }
  return {};
}

[[nodiscard]] Outcome<void> print_store(const ExportOptions& options) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(options.store), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  const Statistics statistics = (*outbox)->statistics();
  bool found = options.lane.empty();
  for (const LaneStatistics& lane : statistics.lanes) {
    if (!options.lane.empty() && lane.name != options.lane) continue;
    found = true;
    auto printed = print_lane(**outbox, statistics.store.device, lane, options);
    if (!printed) return printed;
  }
  if (!found)
    return trouble({ErrorCode::invalid, 0, "export " + options.store,
                    "there is no lane '" + options.lane + "'; see holdfast lane list"},
                   Doing::opening);
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  return {};
}

}  // namespace

int run_export(const ExportOptions& options) {
  const auto done = print_store(options);
  return done ? kExitOk : report(done.error());
}

}  // namespace holdfast::program
