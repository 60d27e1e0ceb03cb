// SPDX-License-Identifier: MIT
// `holdfast prove relays`: several connections over one store, broken and killed, then judged by their claim journal.
#include "prove/relays/command.hpp"

#include <fmt/format.h>

#include <chrono>

#include "demonstration/tables.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/relays/report.hpp"
#include "prove/relays/stage.hpp"
#include "prove/tell_proof.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::prove;
using Clock = std::chrono::steady_clock;

[[nodiscard]] Result<void> judge(RelaysStage& stage, const ProveRelaysOptions& options,
                                 RelaysReport& report) {
  RelaysEvidence evidence;
  evidence.connections = options.connections;
  auto committed = stage.finish();
  if (!committed) return tl::unexpected<Error>(committed.error());
  evidence.tables.committed = std::move(*committed);
  evidence.tables.received = std::move(stage.receiver().receipts()[index(Contender::holdfast)]);
  auto applied = demo::read_applied(stage.inbox_path());
  if (!applied) return tl::unexpected<Error>(applied.error());
  evidence.tables.applied = std::move(*applied);
  const auto gaps = demo::count_gaps(stage.inbox_path(), stage.platform());
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  evidence.gaps = *gaps;
  evidence.journal = stage.journal().lines();
  report.verdict = judge_relays(evidence);
  report.machinery = stage.receiver().troubles();
  if (stage.journal().unreadable() != 0)
    report.machinery.emplace_back("The claim journal has lines that make no sense.");
  return {};
}

[[nodiscard]] Result<RelaysReport> prove(const ProveRelaysOptions& options, RelaysStage& stage) {
  const Clock::time_point began = Clock::now();
  RelaysReport report;
  report.seed = options.seed;
  report.lives = options.lives;
  for (std::uint64_t n = 0; n < options.lives; ++n) {
    const bool killed = n + 1 < options.lives;
    if (auto played = stage.play(make_relays_plan(options.seed + n, options.connections, killed)); !played)
      return tl::unexpected<Error>(played.error());
    say(fmt::format("{} of {} lives, {} connections broken, {} processes killed", n + 1, options.lives,
                    stage.counts().link_faults, stage.counts().process_kills));
  }
  if (auto judged = judge(stage, options, report); !judged) return tl::unexpected<Error>(judged.error());
  report.counts = stage.counts();
  report.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return report;
}

}  // namespace

int run_prove_relays(const ProveRelaysOptions& options) {
  auto place = Place::make(options.directory);
  if (!place) return program::report({place.error(), kExitCannotCreate});
  auto stage = RelaysStage::set_up(directory_of_this_program(), place->path(), options.connections);
  if (!stage) return program::report({stage.error(), exit_code(stage.error().code, Doing::connecting)});
  const auto proved = prove(options, **stage);
  stage->reset();  // the processes end before their directory goes
  return tell_proof(*place, proved, options.json);
}

}  // namespace holdfast::program
