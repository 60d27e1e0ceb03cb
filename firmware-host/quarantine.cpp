// SPDX-License-Identifier: MIT
#include "quarantine.hpp"

#include <iterator>

#include <holdfast/limits.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

// Bounded by limits::kQuarantineRowsMax.
[[nodiscard]] Result<void> add_lane(Outbox& outbox, const std::string& lane, const SeqSpan& seqs,
                                    std::vector<QuarantinedEvent>& events) {
  std::int64_t after = seqs.first - 1;
  for (bool more = true; more && after < seqs.last;) {
    auto page = outbox.quarantine(lane, after, limits::kQuarantinePageMax);
    if (!page) return tl::unexpected<Error>(page.error());
    for (QuarantinedEvent& event : page->events)
      if (event.id.seq <= seqs.last) events.push_back(std::move(event));
    after = page->end_seq;
    more = page->more;
  }
  return {};
}

[[nodiscard]] Outcome<void> list(Outbox& outbox, const QuarantineOptions& options) {
  std::vector<QuarantinedEvent> events;
  bool found = options.lane.empty();
  for (const LaneStatistics& lane : outbox.statistics().lanes) {
    if (!options.lane.empty() && lane.name != options.lane) continue;
    found = true;
    if (auto added = add_lane(outbox, lane.name, options.seqs, events); !added)
      return trouble(added.error(), Doing::opening);
  }
  if (!found)
    return trouble({ErrorCode::invalid, 0, "list the quarantine", "there is no lane '" + options.lane + "'"},
                   Doing::opening);
  if (print_line(options.json ? quarantine_json(events) : quarantine_table(events))) return {};
  return trouble({ErrorCode::io_error, 0, "print the quarantine", "standard output is closed"}, kExitIo);
}

[[nodiscard]] Outcome<void> change(Outbox& outbox, const QuarantineOptions& options) {
  const bool requeue = options.deed == QuarantineDeed::requeue;
  const auto count = requeue ? outbox.requeue(options.lane, options.seqs.first, options.seqs.last)
                             : outbox.discard(options.lane, options.seqs.first, options.seqs.last);
  if (!count) return trouble(count.error(), Doing::opening);
  const std::string events = std::to_string(*count) + (*count == 1 ? " event of lane " : " events of lane ");
  say(events + options.lane +
      (requeue ? " will be sent again with the next run; what the broker refuses again stays"
               : " discarded; that they are lost was declared when they were refused"));
  return {};
}

[[nodiscard]] Outcome<void> work(const QuarantineOptions& options) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(options.store), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  auto done = options.deed == QuarantineDeed::list ? list(**outbox, options) : change(**outbox, options);
  if (!done) return done;
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  return {};
}

}  // namespace

int run_quarantine(const QuarantineOptions& options) {
  const auto done = work(options);
  return done ? kExitOk : report(done.error());
}

}  // namespace holdfast::program
