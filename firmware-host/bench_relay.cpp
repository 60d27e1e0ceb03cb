// SPDX-License-Identifier: MIT
// `holdfast bench relay`: how fast the relay drains beside bare Paho C++, what must not depend on the backlog, and how
// soon an event is acknowledged.
#include "bench_relay.hpp"

#include <fmt/format.h>

#include <holdfast/platform/linux.hpp>
#include <thread>

#include "bench/figure_report.hpp"
#include "bench/load.hpp"
#include "bench/machine.hpp"
#include "bench/relay_figures.hpp"
#include "bench/relay_lab.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::bench;

[[nodiscard]] RelayPlan plan_of(const BenchRelayOptions& options) {
  if (options.quick)
    return {.rounds = 1,
            .events = 1'000,
            .large = 4'000,
            .small = 1'000,
            .latency_span = std::chrono::seconds(2)};
  return {.rounds = options.rounds, .events = options.events, .large = options.large};
}

[[nodiscard]] Result<std::vector<Figure>> measure(RelayLab& lab, const RelayPlan& plan) {
  std::vector<Figure> all;
  for (const auto part : {&measure_drain, &measure_backlog, &measure_latency}) {
    auto figures = part(lab, plan);
    if (!figures) return figures;
    all.insert(all.end(), figures->begin(), figures->end());
  }
  return all;
}

[[nodiscard]] std::string text_of(const std::vector<Figure>& figures, const RelayPlan& plan, bool quick) {
  std::string text = fmt::format(
      "Holdfast {}, {}, {} cores. {} B payload, window {}, drains of {} events, medians of {} rounds, one "
      "private "
      "Mosquitto.\n",
      HOLDFAST_VERSION, machine_name(), std::thread::hardware_concurrency(), kPayloadBytes, kWindow,
      plan.events, plan.rounds);
  if (!kOptimised) text += "This program was built for debugging: its speeds say little.\n";
  return text + figures_text(figures) + verdict_of(figures, quick ? "a quick run is no verdict." : "") + "\n";
}

[[nodiscard]] std::string json_of(const std::vector<Figure>& figures, const RelayPlan& plan, bool quick) {
  const nlohmann::ordered_json json = {{"format", "dev.holdfast.bench.relay.v1"},
                                       {"passed", !quick && every_figure_passed(figures)},
                                       {"quick", quick},
                                       {"holdfast", HOLDFAST_VERSION},
                                       {"machine", machine_name()},
                                       {"cores", std::thread::hardware_concurrency()},
                                       {"optimised", kOptimised},
                                       {"payload_bytes", kPayloadBytes},
                                       {"window", kWindow},
                                       {"rounds", plan.rounds},
                                       {"events", plan.events},
                                       {"large", plan.large},
                                       {"figures", figures_json(figures)}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

int run_bench_relay(const BenchRelayOptions& options) {
  const auto place = Workplace::make(options.directory);
  if (!place) return report({place.error(), kExitCannotCreate});
  say("working in " + place->path());
  const platform::LinuxPlatform platform;
  auto lab = RelayLab::make(*place, platform.view());
  if (!lab) return report({lab.error(), kExitUnavailable});
  const RelayPlan plan = plan_of(options);
  const auto figures = measure(*lab, plan);
  if (!figures) return report({figures.error(), exit_code(figures.error().code, Doing::storing)});
  fmt::print("{}", text_of(*figures, plan, options.quick));
  if (options.json) fmt::print("{}\n", json_of(*figures, plan, options.quick));
  if (std::fflush(stdout) != 0) return kExitIo;
  return every_figure_passed(*figures) ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
