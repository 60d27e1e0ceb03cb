// SPDX-License-Identifier: MIT
#include "bench/relay_figures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "program/talk.hpp"

namespace holdfast::bench {
namespace {

using Json = nlohmann::json;

constexpr unsigned kUnlimited = 0;
constexpr unsigned kMosquittoDefault = 20;
constexpr double kDrainBar = 0.90;
constexpr std::uint64_t kPacedWritesPerS = 200;
constexpr std::chrono::milliseconds kComparedPoll{500};

/// A backlog of so many events fills half of the room, so that there is no pressure.
[[nodiscard]] constexpr std::uint64_t budget_bytes_for(std::uint64_t events) {
  return (32ULL << 20U) + events * 512;
}

[[nodiscard]] double rate_of(const Json& run) {
  return run.at("acknowledged").get<double>() / run.at("seconds").get<double>();
}

struct Setting {
  const char* id;
  const char* title;
  unsigned receive_maximum;
  bool v5;

  /// Paho C++ collapses beyond Receive Maximum (one window a second): the ceiling is what it does within.
  [[nodiscard]] std::size_t window() const {
    return receive_maximum == kUnlimited ? kWindow : std::min<std::size_t>(kWindow, receive_maximum);
  }
};

constexpr Setting kSettings[] = {
    {"drain_v5", "MQTT 5", kUnlimited, true},
    {"drain_v5_receive_maximum_20", "MQTT 5, Receive Maximum 20", kMosquittoDefault, true},
    {"drain_v3_1_1", "MQTT 3.1.1", kUnlimited, false},
};

/// Of the rounds: what was reached, and the ceiling beside it.
struct Rounds {
  std::vector<double> measured;
  std::vector<double> ceiling;

  void write_to(Figure& figure) const {
    figure.measured = median(measured);
    figure.ceiling = median(ceiling);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < measured.size(); ++i) ratios.push_back(measured[i] / ceiling[i]);
    figure.ratio = figure.value = median(ratios);
  }
};

Result<double> drain_once(const RelayLab& lab, const WorkerProgram& worker, bool v5, std::uint64_t events) {
  const std::string store = lab.store_path(kOurFile);
  if (auto filled = lab.fill(store, events, budget_bytes_for(events)); !filled)
    return tl::unexpected<Error>(filled.error());
  const auto run = lab.relay(worker, {.store = store, .v5 = v5, .events = events});
  if (!run) return tl::unexpected<Error>(run.error());
  return rate_of(*run);
}

Result<double> raw_once(const RelayLab& lab, const RawWork& work) {
  const auto seconds = lab.publish_raw(work);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  return static_cast<double>(work.events) / *seconds;
}

Result<std::vector<Figure>> measure_setting(RelayLab& lab, const RelayPlan& plan, const Setting& setting) {
  if (auto started = lab.start_broker(setting.receive_maximum); !started)
    return tl::unexpected<Error>(started.error());
  std::vector<Rounds> rounds(lab.workers().size());
  std::vector<double> socket;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const auto raw =
        raw_once(lab, {.mode = "cpp", .v5 = setting.v5, .events = plan.events, .window = setting.window()});
    if (!raw) return tl::unexpected<Error>(raw.error());
    const auto bare = raw_once(lab, {.mode = "socket", .v5 = false, .events = plan.events});
    if (!bare) return tl::unexpected<Error>(bare.error());
    socket.push_back(*bare);
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      const auto ours = drain_once(lab, lab.workers()[i], setting.v5, plan.events);
      if (!ours) return tl::unexpected<Error>(ours.error());
      rounds[i].measured.push_back(*ours);
      rounds[i].ceiling.push_back(*raw);
    }
  }
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    const std::string& link = lab.workers()[i].link;
    Figure figure{.id = fmt::format("{}_{}", setting.id, link),
                  .title = fmt::format("drain, {}, {}", setting.title, link),
                  .unit = "events/s",
                  .ceiling_is = fmt::format("Paho C++, window {}, the same payload", setting.window()),
                  .value_is = "ratio",
                  .kind = BarKind::at_least,
                  .bar = kDrainBar};
    rounds[i].write_to(figure);
    figure.note = fmt::format("a bare socket (3.1.1): {:.0f}/s", median(socket));
    program::say(fmt::format("{}: {:.0f}/s, raw {:.0f}/s", figure.title, figure.measured, figure.ceiling));
    figures.push_back(std::move(figure));
  }
  return figures;
}

/// The worker of the default link.
const WorkerProgram& our_worker(const RelayLab& lab) { return lab.workers().front(); }

Figure memory_figure(long large_kib, long small_kib, std::uint64_t large) {
  Figure figure{.id = "resident_memory",
                .title = fmt::format("resident memory, {} draining", large),
                .unit = "KiB",
                .measured = static_cast<double>(large_kib),
                .ceiling = static_cast<double>(small_kib),
                .ceiling_is = "the same program with a backlog of 0, events passing through",
                .value_is = "ratio",
                .kind = BarKind::at_most,
                .bar = 1.1};
  figure.ratio = figure.value = figure.measured / figure.ceiling;
  return figure;
}

/// Write times of the seconds in which the drain was as fast as it has to be.
std::vector<double> write_ms(const Json& run, double rate_min, std::size_t& seconds) {
  std::vector<double> times;
  for (const Json& second : run.at("per_second")) {
    if (second.at("acknowledged").get<double>() < rate_min) continue;
    seconds += 1;
    for (const Json& time : second.at("write_ms")) times.push_back(time.get<double>());
  }
  std::sort(times.begin(), times.end());
  return times;
}

double p99(const std::vector<double>& sorted) {
  return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * 99 / 100];
}

Result<std::vector<Figure>> measure_ack_latency(RelayLab& lab, const RelayPlan& plan) {
  const std::string store = lab.store_path(kSmallFile);
  RelayWork work{.store = store,
                 .seconds = plan.latency_span,
                 .writes_per_s = kPacedWritesPerS,
                 .sample = std::chrono::microseconds(100)};
  if (auto filled = lab.fill(store, 0, budget_bytes_for(0)); !filled)
    return tl::unexpected<Error>(filled.error());
  const auto woken = lab.relay(our_worker(lab), work);
  if (!woken) return tl::unexpected<Error>(woken.error());
  work.poll = kComparedPoll;
  const auto polling = lab.relay(our_worker(lab), work);
  if (!polling) return tl::unexpected<Error>(polling.error());
  std::vector<Figure> figures;
  for (const char* part : {"p50", "p99"}) {
    const std::string key = std::string("ack_ms_") + part;
    Figure figure{.id = "commit_to_puback_" + std::string(part),
                  .title = fmt::format("commit to PUBACK at {} events/s, {}", kPacedWritesPerS, part),
                  .unit = "ms",
                  .measured = woken->at(key).get<double>(),
                  .ceiling = polling->at(key).get<double>(),
                  .ceiling_is = "the same relay asking every 500 ms",
                  .value_is = "times better",
                  .kind = BarKind::at_least,
                  .bar = std::string_view(part) == "p50" ? 100.0 : 1.0};
    figure.ratio = figure.measured / figure.ceiling;
    figure.value = figure.ceiling / std::max(figure.measured, 1e-6);
    figure.note = fmt::format("{} events", woken->at("ack_samples").get<std::size_t>());
    program::say(
        fmt::format("{}: {:.2f} ms, polling {:.0f} ms", figure.title, figure.measured, figure.ceiling));
    figures.push_back(std::move(figure));
  }
  return figures;
}

Result<Figure> measure_write_latency(RelayLab& lab, const RelayPlan& plan) {
  const auto raw = raw_once(lab, {.events = plan.events});
  if (!raw) return tl::unexpected<Error>(raw.error());
  const auto idle = lab.relay(
      our_worker(lab),
      {.store = lab.store_path(kSmallFile), .seconds = plan.latency_span, .writes_per_s = kPacedWritesPerS});
  if (!idle) return tl::unexpected<Error>(idle.error());
  const auto drain = lab.relay(
      our_worker(lab),
      {.store = lab.store_path(kOurFile), .seconds = plan.latency_span, .writes_per_s = kPacedWritesPerS});
  if (!drain) return tl::unexpected<Error>(drain.error());
  std::size_t idle_seconds = 0;
  std::size_t seconds = 0;
  const std::vector<double> of_idle = write_ms(*idle, 0, idle_seconds);
  const std::vector<double> of_drain = write_ms(*drain, kDrainBar * *raw, seconds);
  Figure figure{.id = "write_p99_during_drain",
                .title = "p99 of a durable write during a drain",
                .unit = "ms",
                .measured = p99(of_drain),
                .ceiling = p99(of_idle),
                .ceiling_is = fmt::format("without a backlog, {} writes/s", kPacedWritesPerS),
                .value_is = "ratio",
                .kind = BarKind::at_most,
                .bar = 3};
  figure.ratio = figure.value = figure.ceiling > 0 ? figure.measured / figure.ceiling : 0;
  figure.sound = !of_drain.empty() && !of_idle.empty();
  figure.note = fmt::format("{} of {} s drained at {:.0f}/s or more", seconds, drain->at("per_second").size(),
                            kDrainBar * *raw);
  return figure;
}

}  // namespace

Result<std::vector<Figure>> measure_drain(RelayLab& lab, const RelayPlan& plan) {
  std::vector<Figure> all;
  for (const Setting& setting : kSettings) {
    auto figures = measure_setting(lab, plan, setting);
    if (!figures) return figures;
    all.insert(all.end(), figures->begin(), figures->end());
  }
  return all;
}

Result<std::vector<Figure>> measure_backlog(RelayLab& lab, const RelayPlan& plan) {
  if (auto started = lab.start_broker(kUnlimited); !started) return tl::unexpected<Error>(started.error());
  const std::string large = lab.store_path(kOurFile);
  const std::string small = lab.store_path(kSmallFile);
  program::say(fmt::format("a backlog of {}", plan.large));
  if (auto filled = lab.fill(large, plan.large, budget_bytes_for(plan.large)); !filled)
    return tl::unexpected<Error>(filled.error());
  Rounds rounds;
  long large_kib = 0;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const auto of_large = lab.relay(our_worker(lab), {.store = large, .events = plan.small});
    if (!of_large) return tl::unexpected<Error>(of_large.error());
    large_kib = std::max(large_kib, of_large->at("resident_kib").get<long>());
    if (auto filled = lab.fill(small, plan.small, budget_bytes_for(plan.large)); !filled)
      return tl::unexpected<Error>(filled.error());
    const auto of_small = lab.relay(our_worker(lab), {.store = small, .events = plan.small});
    if (!of_small) return tl::unexpected<Error>(of_small.error());
    rounds.measured.push_back(rate_of(*of_large));
    rounds.ceiling.push_back(rate_of(*of_small));
  }
  Figure figure{.id = "drain_large_backlog",
                .title = fmt::format("drain with a backlog of {}", plan.large),
                .unit = "events/s",
                .ceiling_is = fmt::format("with a backlog of {}", plan.small),
                .value_is = "ratio",
                .kind = BarKind::at_least,
                .bar = 0.95};
  rounds.write_to(figure);
  program::say(fmt::format("{}: {:.0f}/s, {:.0f}/s {}", figure.title, figure.measured, figure.ceiling,
                           figure.ceiling_is));
  const auto passing =
      lab.relay(our_worker(lab), {.store = small, .events = plan.small, .writes_per_s = 4'000});
  if (!passing) return tl::unexpected<Error>(passing.error());
  const auto draining = lab.relay(our_worker(lab), {.store = large, .events = plan.events});
  if (!draining) return tl::unexpected<Error>(draining.error());
  large_kib = std::max(large_kib, draining->at("resident_kib").get<long>());
  return std::vector<Figure>{figure,
                             memory_figure(large_kib, passing->at("resident_kib").get<long>(), plan.large)};
}

Result<std::vector<Figure>> measure_latency(RelayLab& lab, const RelayPlan& plan) {
  auto figures = measure_ack_latency(lab, plan);
  if (!figures) return figures;
  auto write = measure_write_latency(lab, plan);
  if (!write) return tl::unexpected<Error>(write.error());
  figures->push_back(std::move(*write));
  return figures;
}

}  // namespace holdfast::bench
