// SPDX-License-Identifier: MIT
// `holdfast run`: sensors -> store -> relay -> broker, until a signal. What a broker does is no reason to
// end, and neither is a full store: both are shown. An I/O error or a damaged store is, so that a supervisor
// restarts us.
#include "run.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/pacer.hpp"
#include "program/status_file.hpp"
#include "program/status_report.hpp"
#include "program/stop_signal.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

constexpr std::size_t kReadingsPerWriteMax = 256;
/// How often waits look at statistics that ring no bell.
constexpr std::chrono::milliseconds kLookPeriod{20};

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options), sensors_(options.sensors, options.store.path, platform_.view()) {}

  [[nodiscard]] Outcome<int> work();

 private:
  [[nodiscard]] Outcome<void> open();
  void spread(RelayOptions& relay) const;
  [[nodiscard]] Outcome<RelayOptions> relay_options(StoreOptions store, bool is_new) const;
  [[nodiscard]] Outcome<void> await_connection();
  [[nodiscard]] Outcome<void> loop();
  [[nodiscard]] Outcome<void> sample();
  [[nodiscard]] Outcome<void> store(const std::vector<platform::Reading>& readings);
  [[nodiscard]] Outcome<int> finish();
  [[nodiscard]] bool drain();
  void show_status(const char* state);

  [[nodiscard]] Instant now() const { return platform_.clock().now(); }
  [[nodiscard]] bool enough() const { return options_.count != 0 && stored_ >= options_.count; }

  const RunOptions& options_;
  StopSignal stop_;  // before everything that starts threads
  platform::LinuxPlatform platform_;
  Sensors sensors_;
  std::unique_ptr<Outbox> outbox_;
  std::string device_;
  std::optional<Pacer> pacer_;
  Instant next_sample_;
  Instant next_status_;
  std::uint64_t stored_ = 0;
  std::uint64_t readings_lost_ = 0;
  std::string last_write_error_;
  bool status_file_failed_ = false;
};

Outcome<int> Run::work() {
  if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  if (options_.fail_fast) {
    if (auto connected = await_connection(); !connected) return tl::unexpected(connected.error());
  }
  if (auto looped = loop(); !looped) return tl::unexpected(looped.error());
  return finish();
}

Outcome<void> Run::open() {
  if (!options_.sensors.machine && options_.sensors.simulated == 0)
    return trouble({ErrorCode::invalid, 0, "--only-simulated", "say how many: --simulated N"}, kExitUsage);
  StoreOptions store = options_.store;
  const auto found = platform_.disk().stat(store.path);
  const bool is_new = found && !found->has_value();
  if (is_new && store.device.empty()) store.device = platform_.host().name();
  const auto relay = relay_options(store, is_new);
  if (!relay) return tl::unexpected(relay.error());
  const auto telling = options_.quiet ? Telling::quiet : Telling::progress;
  auto outbox = open_outbox(store, options_.lanes, platform_.view(), telling);
  if (!outbox) return tl::unexpected(outbox.error());
  outbox_ = std::move(*outbox);
  device_ = outbox_->statistics().store.device;
  if (!options_.status_file.empty()) {
    const StatusContext context{.state = "running", .path = store.path, .broker_url = options_.broker.url};
    auto wrote = write_status_file(options_.status_file,
                                   status_json(context, outbox_->statistics(), platform_.view()));
    if (!wrote) return wrote;
  }
  std::vector<std::unique_ptr<platform::Link>> links(options_.connections);
  std::generate(links.begin(), links.end(), platform::make_linux_link);
  auto started = outbox_->start_relays(*relay, std::move(links));
  if (!started) return trouble(started.error(), Doing::configuring);
  return {};
}

// Before the store is made: a typing error in the URL, or a profile that does not fit, must not leave one behind.
Outcome<RelayOptions> Run::relay_options(StoreOptions store, bool is_new) const {
  auto broker = broker_options(options_.broker, store.device.empty() ? "unnamed" : store.device);
  if (!broker) return tl::unexpected(broker.error());
  RelayOptions relay = options_.relay;
  relay.broker = std::move(*broker);
  relay.backoff_min = std::min(relay.backoff_min, relay.backoff_max);
  relay.broker.client_id = options_.broker.client_id;  // empty: the device id, which the store knows
  auto secret = read_first_line("--secret-file", options_.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  relay.command_secret = std::move(*secret);
  spread(relay);
  if (!is_new) return relay;
  for (const LaneArgument& lane : options_.lanes) store.lanes.push_back(lane.options);
  if (auto good = check_relay(store, relay); !good) return trouble(good.error(), Doing::configuring);
  return relay;
}

void Run::spread(RelayOptions& relay) const {
  for (const std::string& name : options_.spread) {
    auto lane = std::find_if(relay.lanes.begin(), relay.lanes.end(),
                             [&](const LaneRelayOptions& each) { return each.name == name; });
    if (lane == relay.lanes.end()) lane = relay.lanes.insert(lane, {.name = name});
    lane->spread = true;
  }
  if (options_.connections > 1 && options_.spread.empty() && options_.lanes.size() == 1 && !options_.quiet)
    say("one lane goes over one connection; --spread " + options_.lanes.front().options.name +
        " divides its keys among all");
}

Outcome<void> Run::await_connection() {
  while (!stop_.requested()) {
    const RelayStatistics relay = outbox_->statistics().relay;
    if (relay.connects > 0) return {};
    if (relay.connect_failures > 0)
      return trouble(connection_error(options_.broker.url, relay.last_reason, relay.last_error),
                     Doing::connecting);
    stop_.wait(platform_.clock(), now() + kLookPeriod);
  }
  return {};
}

Outcome<void> Run::loop() {
  if (options_.events_per_s > 0) pacer_.emplace(options_.events_per_s, now());
  next_sample_ = now();
  next_status_ = now() + options_.status_interval;
  while (!stop_.requested() && !enough()) {
    if (now() >= next_sample_) {
      if (auto sampled = sample(); !sampled) return sampled;
    }
    if (now() >= next_status_) {
      show_status("running");
      next_status_ = now() + options_.status_interval;
    }
    if (!enough()) stop_.wait(platform_.clock(), std::min(next_sample_, next_status_));
  }
  return {};
}

Outcome<void> Run::sample() {
  if (pacer_) {
    const std::size_t due = pacer_->take(now(), kReadingsPerWriteMax);
    next_sample_ = pacer_->next(now());
    return store(sensors_.take(due));
  }
  // Readings that were missed because a write took long are not made up for.
  next_sample_ = std::max(next_sample_ + options_.interval, now());
  const std::vector<platform::Reading> readings = sensors_.read();
  for (auto from = readings.begin(); from != readings.end() && !enough();) {
    const auto left = static_cast<std::size_t>(readings.end() - from);
    const auto to = from + static_cast<std::ptrdiff_t>(std::min(left, kReadingsPerWriteMax));
    if (auto stored = store({from, to}); !stored) return stored;
    from = to;
  }
  return {};
}

[[nodiscard]] bool is_fatal(ErrorCode code) {
  switch (code) {
    case ErrorCode::busy:
    case ErrorCode::full:
    case ErrorCode::disk_full:
    case ErrorCode::outcome_unknown: return false;
    case ErrorCode::unavailable:
    case ErrorCode::too_large:
    case ErrorCode::invalid:
    case ErrorCode::corrupt:
    case ErrorCode::schema_newer:
    case ErrorCode::denied:
    case ErrorCode::io_error: return true;
  }
  return true;
}

Outcome<void> Run::store(const std::vector<platform::Reading>& readings) {
  std::vector<PackedReading> packed;
  for (const platform::Reading& reading : readings) {
    if (options_.count != 0 && stored_ + packed.size() >= options_.count) break;
    auto pack = pack_reading(reading, device_, platform_.clock());
    if (!pack) return trouble(pack.error(), Doing::storing);
    packed.push_back(std::move(*pack));
  }
  if (packed.empty()) return {};
  const std::string& lane = options_.lanes.front().options.name;
  const auto written = outbox_->write(
      [&](Transaction& transaction) {
        return store_readings(transaction, packed, lane, options_.ledger, platform_.clock());
      },
      {.lane = lane});
  if (written) {
    stored_ += packed.size();
    return {};
  }
  readings_lost_ += packed.size();
  last_write_error_ = written.error().text();
  if (is_fatal(written.error().code)) return trouble(written.error(), Doing::storing);
  return {};
}

void Run::show_status(const char* state) {
  const Statistics statistics = outbox_->statistics();
  if (!options_.quiet) {
    std::string line = status_line(statistics, options_.broker.url);
    if (readings_lost_ != 0)
      line += "  | " + std::to_string(readings_lost_) + " readings not stored: " + last_write_error_;
    say(line);
  }
  const StatusContext context{.state = state,
                              .path = options_.store.path,
                              .broker_url = options_.broker.url,
                              .readings_lost = readings_lost_,
                              .sensor_errors = sensors_.errors()};
  const std::string document = status_json(context, statistics, platform_.view());
  if (!options_.status_file.empty()) {
    const auto wrote = write_status_file(options_.status_file, document);
    if (!wrote && !status_file_failed_) warn(wrote.error().error.text());
    status_file_failed_ = !wrote;
  }
  if (options_.json && std::string_view(state) == "stopped" && !print_line(document))
    warn("standard output is closed");
}

/// True when all is settled; false after options_.drain or a signal.
bool Run::drain() {
  const Instant give_up = now() + options_.drain;
  while (!stop_.requested()) {
    const Instant slice = std::min(now() + std::chrono::milliseconds(100), give_up);
    if (outbox_->flush(slice)) return true;
    if (now() >= give_up) return false;
    if (now() >= next_status_) {
      show_status("running");
      next_status_ = now() + options_.status_interval;
    }
  }
  return false;
}

Outcome<int> Run::finish() {
  const bool drained = !enough() || drain();
  if (!options_.quiet && stop_.requested()) say("closing: events in flight may still be acknowledged");
  const auto closed = outbox_->close();
  show_status("stopped");
  if (!closed) return trouble(closed.error(), Doing::storing);
  if (drained) return kExitOk;
  return trouble({ErrorCode::unavailable, 0, "deliver all events",
                  "what is not acknowledged is safe in the store; run again to deliver it"},
                 kExitTemporary);
}

}  // namespace

int run_run(const RunOptions& options) {
  Run run(options);
  const auto done = run.work();
  return done ? *done : report(done.error());
}

}  // namespace holdfast::program
