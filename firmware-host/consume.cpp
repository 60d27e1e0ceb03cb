// SPDX-License-Identifier: MIT
// `holdfast consume`: broker -> inbox, each event applied once; what is newly applied is printed. A line is
// printed after its commit, so a crash between the two loses the line, never the event: who needs more than a
// look should write in an Effect of their own.
#include "consume.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include <holdfast/consumer.hpp>
#include <holdfast/inbox.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/event_text.hpp"
#include "program/ledger.hpp"
#include "program/open_store.hpp"
#include "program/status_file.hpp"
#include "program/stop_signal.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

constexpr std::chrono::milliseconds kLookPeriod{50};
constexpr std::size_t kRangesShownMax = 20;

class Consume {
 public:
  explicit Consume(const ConsumeOptions& options) : options_(options) {}
  [[nodiscard]] Outcome<void> work();

 private:
  [[nodiscard]] Outcome<void> start();
  [[nodiscard]] Outcome<void> await_connection();
  void loop();
  [[nodiscard]] Result<void> apply(const CloudEvent& event, sqlite3* db) const;
  void observe(const CloudEvent* event, const ApplyOutcome& outcome);
  [[nodiscard]] Outcome<void> summarize(const ConsumerStatistics& statistics);
  [[nodiscard]] bool over() const;
  void show_status() const;
  void keep_status_file(const char* state, const ConsumerStatistics& statistics);
  [[nodiscard]] Instant now() const { return platform_.clock().now(); }

  const ConsumeOptions& options_;
  StopSignal stop_;  // before everything that starts threads
  platform::LinuxPlatform platform_;
  std::unique_ptr<Consumer> consumer_;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<bool> output_closed_{false};
  bool status_file_failed_ = false;
};

Outcome<void> Consume::work() {
  if (auto started = start(); !started) return started;
  if (options_.fail_fast) {
    if (auto connected = await_connection(); !connected) return connected;
  }
  loop();
  consumer_->stop();
  const ConsumerStatistics statistics = consumer_->statistics();
  keep_status_file("stopped", statistics);
  const auto failure = consumer_->failure();
  consumer_.reset();  // closes the inbox
  if (failure) {
    const int code = report({*failure, exit_code(failure->code, Doing::storing)});
    // The message that could not be applied is withheld. With paho_cpp the link's thread then stands in Paho's callback
    // for good, and the exit handlers of the libraries would wait for it. Everything of ours is closed.
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return summarize(statistics);
}

Outcome<void> Consume::start() {
  auto broker = broker_options(options_.broker, {});
  if (!broker) return tl::unexpected(broker.error());
  for (const std::string& topic : options_.topics)
    if (auto good = check_topic_filter(topic); !good) return good;
  InboxOptions inbox_options;
  inbox_options.path = options_.inbox;
  auto inbox = open_inbox(inbox_options, platform_.view());
  if (!inbox) return tl::unexpected(inbox.error());
  ConsumerOptions consumer;
  consumer.broker = std::move(*broker);
  consumer.filters = options_.topics;
  consumer.session_expiry = options_.session_expiry;
  consumer.commit_timeout = options_.commit_timeout;
  consumer.backoff_max = options_.backoff_max;
  consumer.backoff_min = std::min(consumer.backoff_min, consumer.backoff_max);
  consumer.resend = options_.resend;
  auto secret = read_first_line("--secret-file", options_.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  consumer.resend_secret = std::move(*secret);
  auto started = Consumer::start(
      consumer, platform::make_linux_link(), std::move(*inbox),
      [this](const CloudEvent& event, sqlite3* db) { return apply(event, db); },
      [this](const CloudEvent* event, const ApplyOutcome& outcome) { observe(event, outcome); },
      platform_.view());
  if (!started) return trouble(started.error(), Doing::configuring);
  consumer_ = std::move(*started);
  return {};
}

Outcome<void> Consume::await_connection() {
  while (!over()) {
    const ConsumerStatistics statistics = consumer_->statistics();
    if (statistics.connects > 0) return {};
    if (statistics.state == RelayState::backing_off && !statistics.last_error.empty())
      return trouble(connection_error(options_.broker.url, statistics.last_reason, statistics.last_error),
                     Doing::connecting);
    stop_.wait(platform_.clock(), now() + kLookPeriod);
  }
  return {};
}

bool Consume::over() const {
  return stop_.requested() || output_closed_ || consumer_->failure() ||
         (options_.count != 0 && applied_ >= options_.count);
}

void Consume::loop() {
  Instant next_status = now() + options_.status_interval;
  while (!over()) {
    stop_.wait(platform_.clock(), now() + kLookPeriod);
    if (now() < next_status) continue;
    show_status();
    keep_status_file("running", consumer_->statistics());
    next_status = now() + options_.status_interval;
  }
}

Result<void> Consume::apply(const CloudEvent& event, sqlite3* db) const {
  if (!options_.ledger) return {};
  if (auto made = make_effects_table(db); !made) return made;
  return note_effect(db, event, now().time_since_epoch().count());
}

// On the consumer's thread. Reading more slowly than events come slows the consumer down, as it should.
void Consume::observe(const CloudEvent* event, const ApplyOutcome& outcome) {
  if (outcome.rewind) warn("rewind: " + *outcome.rewind);
  if (outcome.outcome == Applied::rejected)
    warn((event != nullptr ? "rejected " + event->id : "undecodable message") + ": " + outcome.why);
  if (outcome.outcome != Applied::applied || event == nullptr) return;
  if (!options_.quiet && !print_line(options_.json ? event_json(*event) : event_line(*event)))
    output_closed_ = true;
  ++applied_;
  stop_.wake();
}

void Consume::show_status() const {
  if (options_.quiet) return;
  const ConsumerStatistics now = consumer_->statistics();
  std::string line(to_string(now.state));
  line += "  applied " + std::to_string(now.inbox.applied) + "  duplicates " +
          std::to_string(now.inbox.duplicates) + "  declared lost records " +
          std::to_string(now.inbox.declared);
  if (now.state != RelayState::connected && !now.last_error.empty())
    line += "  | " + connection_error(options_.broker.url, now.last_reason, now.last_error).text();
  say(line);
}

void Consume::keep_status_file(const char* state, const ConsumerStatistics& statistics) {
  if (options_.status_file.empty()) return;
  const nlohmann::ordered_json status = {{"format", "dev.holdfast.consumer_status.v1"},
                                         {"state", state},
                                         {"connection", to_string(statistics.state)},
                                         {"received", statistics.received},
                                         {"applied", statistics.inbox.applied},
                                         {"duplicates", statistics.inbox.duplicates},
                                         {"declared", statistics.inbox.declared},
                                         {"rejected", statistics.inbox.rejected},
                                         {"undecodable", statistics.undecodable},
                                         {"connects", statistics.connects},
                                         {"resend_requests", statistics.resend_requests},
                                         {"resend_refused", statistics.resend_refused},
                                         {"last_error", statistics.last_error}};
  const auto wrote = write_status_file(
      options_.status_file, status.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  if (!wrote && !status_file_failed_) warn(wrote.error().error.text());
  status_file_failed_ = !wrote;
}

/// Looks into the inbox again, now that the consumer has let go of it.
Outcome<void> Consume::summarize(const ConsumerStatistics& statistics) {
  InboxOptions inbox_options;
  inbox_options.path = options_.inbox;
  inbox_options.create = false;
  auto inbox = open_inbox(inbox_options, platform_.view());
  if (!inbox) return tl::unexpected(inbox.error());
  const auto ranges = (*inbox)->missing(kRangesShownMax);
  if (!ranges) return trouble(ranges.error(), Doing::opening);
  std::int64_t missing = 0;
  for (const MissingRange& range : *ranges) {
    missing += range.count;
    warn("missing: " + range.source + " epoch " + range.epoch.text() + " " + std::to_string(range.first) +
         " to " + std::to_string(range.last) + " (" + std::to_string(range.count) + ")");
  }
  const InboxStatistics& counts = statistics.inbox;
  if (options_.json) {
    const nlohmann::ordered_json summary = {{"summary",
                                             {{"received", statistics.received},
                                              {"applied", counts.applied},
                                              {"duplicates", counts.duplicates},
                                              {"declared", counts.declared},
                                              {"rejected", counts.rejected},
                                              {"undecodable", statistics.undecodable},
                                              {"rewinds_ever", counts.rewinds},
                                              {"missing", missing},
                                              {"connects", statistics.connects}}}};
    if (!print_line(summary.dump())) output_closed_ = true;
  }
  say("applied " + std::to_string(counts.applied) + ", duplicates " + std::to_string(counts.duplicates) +
      ", declared lost " + std::to_string(counts.declared) + ", rejected " +
      std::to_string(counts.rejected + statistics.undecodable) + ", missing " + std::to_string(missing) +
      (ranges->size() == kRangesShownMax ? " or more" : ""));
  if (!output_closed_) return {};
  return trouble(
      {ErrorCode::io_error, 0, "print an event", "standard output is closed; what was applied stays so"},
      kExitIo);
}

}  // namespace

int run_consume(const ConsumeOptions& options) {
  Consume consume(options);
  const auto done = consume.work();
  return done ? kExitOk : report(done.error());
}

}  // namespace holdfast::program
