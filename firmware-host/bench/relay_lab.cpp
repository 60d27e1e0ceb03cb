// SPDX-License-Identifier: MIT
#include "bench/relay_lab.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>

#include "bench/load.hpp"
#include "bench/store_load.hpp"
#include "demonstration/process.hpp"

namespace holdfast::bench {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kBlock = 1'000;  // events of one write, for filling
constexpr std::chrono::minutes kRunPatience{5};
constexpr const char* kRawPublisher = "holdfast_bench_raw";
constexpr const char* kWorker = "holdfast_bench_worker_";

/// The last line of a program's output, or all of it when that is no JSON.
[[nodiscard]] Result<Json> document_of(const std::string& log) {
  std::ifstream in(log);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) last = line;
  Json json = Json::parse(last, nullptr, false);
  if (json.is_object()) return json;
  return fail(ErrorCode::unavailable, "run a program of the bench", last.empty() ? "it said nothing" : last);
}

[[nodiscard]] std::vector<WorkerProgram> find_workers(const std::string& directory) {
  std::vector<WorkerProgram> found;
  for (const char* link : {"paho_c", "paho_cpp"}) {
    std::string path = directory + "/" + kWorker + link;
    if (::access(path.c_str(), X_OK) == 0) found.push_back({link, std::move(path)});
  }
  return found;
}

}  // namespace

Result<RelayLab> RelayLab::make(const Workplace& place, PlatformView platform) {
  RelayLab lab(place, platform);
  std::error_code error;
  lab.programs_ = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  lab.workers_ = find_workers(lab.programs_);
  const std::string raw = lab.programs_ + "/" + kRawPublisher;
  if (lab.workers_.empty() || ::access(raw.c_str(), X_OK) != 0)
    return fail(ErrorCode::unavailable, "bench relay",
                "its programs are not beside holdfast; run it from the build tree");
  std::filesystem::create_directories(place / "broker", error);
  if (error) return fail(ErrorCode::io_error, "make " + (place / "broker"), error.message(), error.value());
  return lab;
}

RelayLab::~RelayLab() {
  if (programs_.empty()) return;  // moved away
  broker_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(place_ / "broker", ignored);
}

Result<void> RelayLab::start_broker(unsigned receive_maximum) {
  broker_.reset();
  auto broker = demo::Broker::start(
      place_ / "broker", fmt::format("max_inflight_messages {}\nlog_type error\n", receive_maximum));
  if (!broker) return tl::unexpected<Error>(broker.error());
  broker_ = std::move(*broker);
  return {};
}

Result<void> RelayLab::fill(const std::string& store, std::uint64_t events,
                            std::uint64_t budget_bytes) const {
  Workplace::remove_database(store);
  auto load = StoreLoad::open(measured_store(store, budget_bytes), platform_);
  if (!load) return tl::unexpected<Error>(load.error());
  for (std::uint64_t n = 0; n < events; n += kBlock) {
    if (auto done = load->write_block(std::min(kBlock, events - n)); !done) return done;
  }
  return load->close();
}

Result<Json> RelayLab::run(std::vector<std::string> arguments) const {
  const std::string log = place_ / "broker/run.log";
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  auto process = demo::ChildProcess::start(std::move(arguments), log);
  if (!process) return tl::unexpected<Error>(process.error());
  const auto code = (*process)->wait(kRunPatience);
  if (!code) return fail(ErrorCode::unavailable, "run a program of the bench", "it did not end in 5 minutes");
  return document_of(log);
}

Result<double> RelayLab::publish_raw(const RawWork& work) const {
  const auto result =
      run({programs_ + "/" + kRawPublisher, work.mode, "127.0.0.1", std::to_string(broker_->port()),
           work.v5 ? "5" : "3.1.1", std::to_string(work.events), std::to_string(kPayloadBytes),
           std::to_string(work.window)});
  if (!result) return tl::unexpected<Error>(result.error());
  return result->at("seconds").get<double>();
}

Result<Json> RelayLab::relay(const WorkerProgram& program, const RelayWork& work) const {
  return run({program.path, work.store, broker_->url(), work.v5 ? "5" : "3.1.1", std::to_string(work.events),
              std::to_string(work.seconds.count()), std::to_string(work.writes_per_s),
              std::to_string(work.poll.count()), std::to_string(work.sample.count())});
}

}  // namespace holdfast::bench
