// SPDX-License-Identifier: MIT
// `holdfast prove crash`: cuts the power at every point of a workload, and opens what is left.
#include "prove/crash/command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/crash/report.hpp"
#include "prove/crash/thread_memory.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::prove;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTellPeriod{5};

// A state that makes the product abort is a finding too: its name is all that can be said then.
void name_the_state(int signal) {
  constexpr char kText[] = "holdfast: error: died while it looked at the state (prove crash --only) ";
  const char* state = state_at_hand();
  (void)!::write(STDERR_FILENO, kText, sizeof(kText) - 1);
  (void)!::write(STDERR_FILENO, state, std::strlen(state));
  (void)!::write(STDERR_FILENO, "\n", 1);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

std::function<void(std::uint64_t)> teller(std::uint64_t wanted) {
  return [wanted, begun = SteadyClock::now(),
          next = SteadyClock::now() + kTellPeriod](std::uint64_t states) mutable {
    const auto now = SteadyClock::now();
    if (now < next) return;
    next = now + kTellPeriod;
    const double seconds = std::chrono::duration<double>(now - begun).count();
    say(fmt::format("{} of {} states, {:.0f} a second", states, wanted,
                    static_cast<double>(states) / seconds));
  };
}

Result<CrashReport> explore(const CrashPlan& plan, const std::string& only) {
  if (only.empty()) return explore_crashes(plan);
  const auto name = StateName::parse(only);
  if (!name) return tl::unexpected<Error>(name.error());
  return explore_one(plan, *name);
}

}  // namespace

int run_prove_crash(const ProveCrashOptions& options) {
  (void)use_thread_memory();
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) ::signal(signal, &name_the_state);
  const auto media = media_of(options.media);
  if (!media) return program::report({media.error(), kExitUsage});
  CrashPlan plan;
  plan.media = *media;
  plan.seed = options.seed;
  plan.states = options.states;
  plan.threads = options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  plan.progress = teller(options.states);
  const auto begun = SteadyClock::now();
  const auto report = explore(plan, options.only);
  if (!report) return program::report({report.error(), kExitUsage});
  const CrashRun run{std::chrono::duration<double>(SteadyClock::now() - begun).count(), plan.threads,
                     sqlite3_libversion()};
  fmt::print("{}", to_text(*report, run));
  if (options.json) fmt::print("{}\n", to_json(*report, run));
  if (std::fflush(stdout) != 0) return kExitIo;
  return report->passed() ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
