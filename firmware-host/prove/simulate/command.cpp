// SPDX-License-Identifier: MIT
// `holdfast simulate`: whole devices, a broker and a backend in virtual time, and an oracle that watches them.
#include "prove/simulate/command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>

#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/crash/thread_memory.hpp"
#include "prove/simulate/page.hpp"
#include "prove/simulate/report.hpp"
#include "prove/simulate/run.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::prove;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTellPeriod{10};

std::function<void(Duration)> teller(std::int64_t days) {
  return [days, next = SteadyClock::now() + kTellPeriod](Duration lived) mutable {
    const auto now = SteadyClock::now();
    if (now < next) return;
    next = now + kTellPeriod;
    say(fmt::format("{} of {} days", std::chrono::duration_cast<std::chrono::hours>(lived).count() / 24,
                    days));
  };
}

bool write_page(const std::string& path, const SimulateReport& report) {
  std::ofstream file(path, std::ios::binary);
  file << to_page(report);
  file.close();
  return static_cast<bool>(file);
}

}  // namespace

int run_simulate(const SimulateCommandOptions& options) {
  (void)use_thread_memory();
  const auto begun = SteadyClock::now();
  const SimulateReport report =
      simulate(plan_simulation(options.simulation), {}, teller(options.simulation.days));
  say(fmt::format("{:.1f} s", std::chrono::duration<double>(SteadyClock::now() - begun).count()));
  fmt::print("{}", to_text(report));
  if (options.json) fmt::print("{}\n", to_json(report));
  if (std::fflush(stdout) != 0) return kExitIo;
  if (!options.html.empty() && !write_page(options.html, report)) {
    say("cannot write " + options.html);
    return kExitIo;
  }
  return report.passed() ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
