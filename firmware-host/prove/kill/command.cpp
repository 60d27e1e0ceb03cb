// SPDX-License-Identifier: MIT
// `holdfast prove kill`: the same kills for two dual writes and for Holdfast, then judged by the tables of all.
#include "prove/kill/command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "demonstration/tables.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/kill/report.hpp"
#include "prove/kill/stage.hpp"
#include "prove/tell_proof.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::prove;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kProgressPeriod{5};

void append(std::vector<demo::LedgerRow>& all, const std::vector<demo::LedgerRow>& some) {
  all.insert(all.end(), some.begin(), some.end());
}

/// All runs, one after the other, each with the same plan for all contenders.
class ProveKill {
 public:
  ProveKill(const ProveKillOptions& options, KillStage& stage) : options_(options), stage_(stage) {}

  [[nodiscard]] Result<KillReport> run() {
    KillReport report;
    report.seed = options_.seed;
    report.runs = options_.runs;
    for (std::uint64_t n = 0; n < options_.runs; ++n) {
      const KillPlan plan = make_kill_plan(options_.seed + n);
      for (const Contender contender : kAllContenders) {
        const auto committed = stage_.play(plan, contender);
        if (!committed) return tl::unexpected<Error>(committed.error());
        append(evidence_of(contender).committed, *committed);
        if (contender != Contender::holdfast) continue;
        for (const demo::LedgerRow& row : *committed) report.seed_of.emplace(row.id, plan.seed);
      }
      tell(n + 1);
    }
    if (auto judged = judge(report); !judged) return tl::unexpected<Error>(judged.error());
    report.counts = stage_.counts();
    report.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    return report;
  }

 private:
  /// The devices have ended. The consumer ends, and its table of effects is final.
  [[nodiscard]] Result<void> judge(KillReport& report) {
    stage_.receiver().stop();
    KillReceiver::Receipts receipts = stage_.receiver().receipts();
    for (const Contender contender : kAllContenders)
      evidence_of(contender).received = std::move(receipts[index(contender)]);
    auto applied = demo::read_applied(stage_.inbox_path());
    if (!applied) return tl::unexpected<Error>(applied.error());
    evidence_of(Contender::holdfast).applied = std::move(*applied);
    const auto gaps = demo::count_gaps(stage_.inbox_path(), stage_.platform());
    if (!gaps) return tl::unexpected<Error>(gaps.error());
    report.verdict = {.commit_first = tally(evidence_of(Contender::commit_first)),
                      .publish_first = tally(evidence_of(Contender::publish_first)),
                      .holdfast = tally(evidence_of(Contender::holdfast)),
                      .gaps = *gaps};
    report.machinery = stage_.receiver().troubles();
    return {};
  }

  [[nodiscard]] KillEvidence& evidence_of(Contender contender) { return evidence_[index(contender)]; }

  void tell(std::uint64_t done) {
    if (done != options_.runs && Clock::now() < next_progress_) return;
    next_progress_ = Clock::now() + kProgressPeriod;
    say(fmt::format("{} of {} runs, {} processes killed, {} events committed by Holdfast", done,
                    options_.runs, stage_.counts().device_kills + stage_.counts().broker_kills,
                    evidence_of(Contender::holdfast).committed.size()));
  }

  const ProveKillOptions& options_;
  KillStage& stage_;
  PerContender<KillEvidence> evidence_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_progress_ = Clock::now() + kProgressPeriod;
};

}  // namespace

int run_prove_kill(const ProveKillOptions& options) {
  auto place = Place::make(options.directory);
  if (!place) return program::report({place.error(), kExitCannotCreate});
  auto stage = KillStage::set_up(directory_of_this_program(), place->path());
  if (!stage) return program::report({stage.error(), exit_code(stage.error().code, Doing::connecting)});
  const auto proved = ProveKill(options, **stage).run();
  stage->reset();  // the processes end before their directory goes
  return tell_proof(*place, proved, options.json);
}

}  // namespace holdfast::program
