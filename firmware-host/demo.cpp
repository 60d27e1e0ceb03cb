// SPDX-License-Identifier: MIT
// `holdfast demo`: plays the faults, then judges by the two tables. Exit code 0 only for a verdict without
// complaint.
#include "demo.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include <holdfast/platform/linux.hpp>

#include "demonstration/history.hpp"
#include "demonstration/narrator.hpp"
#include "demonstration/pace.hpp"
#include "demonstration/plan.hpp"
#include "demonstration/play.hpp"
#include "demonstration/report.hpp"
#include "demonstration/stage.hpp"
#include "demonstration/tables.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::demo;

constexpr std::chrono::seconds kApplyPatience{20};

/// Where the processes work. A directory that the demo made itself goes when all went well.
class Workplace {
 public:
  [[nodiscard]] static Result<Workplace> make(const DemoOptions& options) {
    std::string name = options.directory;
    std::error_code error;
    if (!name.empty()) {
      if (std::filesystem::exists(name + "/store.db", error))
        return fail(ErrorCode::invalid, "use " + name, "there is a demo in it; take another directory");
      std::filesystem::create_directories(name, error);
      if (error) return fail(ErrorCode::io_error, "make " + name, error.message(), error.value());
      return Workplace(std::filesystem::absolute(name).string(), false);
    }
    name = (std::filesystem::temp_directory_path(error) / "holdfast-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail(ErrorCode::io_error, "make " + name, "cannot make it");
    return Workplace(std::move(name), !options.keep);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const char* name) const { return path_ + "/" + name; }
  [[nodiscard]] bool is_temporary() const noexcept { return is_temporary_; }
  void remove() const {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

 private:
  Workplace(std::string path, bool is_temporary) : path_(std::move(path)), is_temporary_(is_temporary) {}
  std::string path_;
  bool is_temporary_;
};

[[nodiscard]] std::string environment(const Stage& stage, Duration flush) {
  return fmt::format(
      "Holdfast {}, SQLite {}, {} with persistence, saved at each change. Three processes on one "
      "machine, MQTT 5 with QoS 1; a flush to its disk takes {:.1f} ms.",
      HOLDFAST_VERSION, sqlite3_libversion(), stage.broker_version(),
      std::chrono::duration<double, std::milli>(flush).count());
}

[[nodiscard]] std::vector<DuplicateCount> duplicate_counts(const History& history) {
  std::vector<DuplicateCount> counts;
  for (const Sample& sample : history.samples) counts.push_back({sample.at, sample.duplicates});
  return counts;
}

/// The device has ended: its table is final. The consumer gets time to apply all of it, then its table is.
[[nodiscard]] Result<Evidence> collect(const Workplace& place, Stage& stage, History& history,
                                       PlatformView platform) {
  Evidence evidence;
  auto committed = read_committed(place / "store.db");
  if (!committed) return tl::unexpected<Error>(committed.error());
  evidence.committed = std::move(*committed);
  const auto waited = stage.watch(stage.now() + kApplyPatience, [&](const Sample& sample) {
    return sample.applied >= evidence.committed.size();
  });
  if (!waited) return tl::unexpected<Error>(waited.error());
  history.ended = stage.now();
  if (auto ended = stage.end_consumer(); !ended) history.machinery.push_back(ended.error().text());
  auto applied = read_applied(place / "inbox.db");
  if (!applied) return tl::unexpected<Error>(applied.error());
  evidence.applied = std::move(*applied);
  const Sample& last = history.samples.back();
  if (last.applied != evidence.applied.size() || last.received < last.applied + last.duplicates)
    history.machinery.emplace_back("The consumer's counters do not agree with its table of effects.");
  const auto gaps = count_gaps(place / "inbox.db", platform);
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  evidence.gaps = *gaps;
  evidence.duplicate_counts = duplicate_counts(history);
  for (const Fault& fault : history.faults) evidence.disturbances.push_back(fault.disturbance());
  return evidence;
}

[[nodiscard]] Result<Report> perform(const DemoOptions& options, const Workplace& place) {
  platform::LinuxPlatform platform;
  Report report;
  report.seed = options.seed;
  report.seconds = options.duration.count();
  const auto flush = measure_flush(place.path());
  if (!flush) return tl::unexpected<Error>(flush.error());
  report.events_per_s = events_per_s_for(*flush);
  History& history = report.history;
  Narrator narrator(history);
  Stage stage({options.program, place.path(), options.seed, report.events_per_s}, platform, history,
              narrator);
  const auto plan = options.faults ? std::optional(make_plan(options.seed, options.duration)) : std::nullopt;
  Play play(plan, options.duration, report.events_per_s, stage, history, narrator);
  if (auto played = play.run(); !played) return tl::unexpected<Error>(played.error());
  auto evidence = collect(place, stage, history, platform.view());
  if (!evidence) return tl::unexpected<Error>(evidence.error());
  evidence->faults = options.faults;
  report.environment = environment(stage, *flush);
  report.verdict = judge(*evidence);
  report.committed = std::move(evidence->committed);
  report.applied = std::move(evidence->applied);
  narrator.tell(history.ended, "consumer has applied what there is; the two tables are compared");
  return report;
}

[[nodiscard]] Result<void> write_page(const Report& report) {
  std::ofstream file(report.page, std::ios::binary);
  file << to_page(report);
  file.close();
  if (file.fail()) return fail(ErrorCode::io_error, "write " + report.page, "check its directory");
  return {};
}

[[nodiscard]] std::string page_path(const DemoOptions& options) {
  std::error_code error;
  const auto path =
      std::filesystem::absolute(options.html.empty() ? "holdfast-demo.html" : options.html, error);
  return error ? options.html : path.string();
}

}  // namespace

int run_demo(const DemoOptions& options) {
  const std::chrono::seconds least = options.faults ? kDemoSecondsMin : std::chrono::seconds(1);
  if (options.duration < least || options.duration > kDemoSecondsMax)
    return program::report({{ErrorCode::invalid, 0, "--seconds",
                             fmt::format("between {} and {}", least.count(), kDemoSecondsMax.count())},
                            kExitUsage});
  const auto place = Workplace::make(options);
  if (!place) return program::report({place.error(), kExitCannotCreate});
  fmt::print("Holdfast demo, seed {}: {} s of load, {}\n\n", options.seed, options.duration.count(),
             options.faults ? "the broker and the device process are killed on the way" : "without faults");
  auto report = perform(options, *place);
  if (!report) {
    say("the demo could not be completed; its files are in " + place->path());
    return program::report({report.error(), exit_code(report.error().code, Doing::connecting)});
  }
  report->page = page_path(options);
  if (auto wrote = write_page(*report); !wrote) {
    report->history.machinery.push_back(wrote.error().text());
    report->page.clear();
  }
  const bool passed = report->complaints().empty();
  fmt::print("\n{}", to_text(*report));
  if (options.json) fmt::print("{}\n", to_json(*report));
  std::fflush(stdout);
  if (passed && place->is_temporary()) place->remove();
  if (!passed || !place->is_temporary()) say("the demo's files are in " + place->path());
  return passed ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
