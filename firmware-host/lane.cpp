// SPDX-License-Identifier: MIT
#include "lane.hpp"

#include <algorithm>

#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/status_report.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Result<void> act(Outbox& outbox, const LaneCommandOptions& options) {
  switch (options.deed) {
    case LaneDeed::list: break;
    case LaneDeed::pause: return outbox.pause(options.lane);
    case LaneDeed::resume: return outbox.resume(options.lane);
    case LaneDeed::remove:
      return outbox.remove_lane(options.lane,
                                options.declare_loss ? LaneRemoval::declare_loss : LaneRemoval::when_settled);
  }
  return {};
}

/// What was done, for people.
[[nodiscard]] std::string done_text(const LaneCommandOptions& options,
                                    const std::vector<LaneStatistics>& before) {
  const auto lane = std::find_if(before.begin(), before.end(),
                                 [&](const LaneStatistics& each) { return each.name == options.lane; });
  const std::int64_t waiting = lane == before.end() ? 0 : lane->backlog_events;
  const std::string events = std::to_string(waiting) + (waiting == 1 ? " event" : " events");
  if (options.deed == LaneDeed::pause)
    return "lane " + options.lane + " is paused; " + events + (waiting == 1 ? " waits" : " wait") + " in it";
  if (options.deed == LaneDeed::resume) return "lane " + options.lane + " is delivered again";
  return "lane " + options.lane + " is removed" + (waiting == 0 ? "" : "; " + events + " declared lost");
}

[[nodiscard]] Outcome<void> work(const LaneCommandOptions& options) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(options.store), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  const Statistics statistics = (*outbox)->statistics();
  auto done = act(**outbox, options);
  if (!done) {
    Error error = std::move(done.error());
    if (error.code == ErrorCode::busy) error.hint += ": --declare-loss";
    return trouble(std::move(error), Doing::opening);
  }
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  if (options.deed != LaneDeed::list) {
    say(done_text(options, statistics.lanes));
    return {};
  }
  if (print_line(options.json ? lanes_json(statistics.lanes) : lanes_table(statistics.lanes))) return {};
  return trouble({ErrorCode::io_error, 0, "print the lanes", "standard output is closed"}, kExitIo);
}

}  // namespace

int run_lane(const LaneCommandOptions& options) {
  const auto done = work(options);
  return done ? kExitOk : report(done.error());
}

}  // namespace holdfast::program
