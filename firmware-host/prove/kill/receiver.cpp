// SPDX-License-Identifier: MIT
#include "prove/kill/receiver.hpp"

#include <algorithm>

#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/ledger.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTroublesMax = 20;

[[nodiscard]] ConsumerOptions consumer_options(const std::string& broker_url) {
  ConsumerOptions options;
  options.broker.url = broker_url;
  options.broker.client_id = KillReceiver::kClientId;
  options.filters = KillReceiver::topic_filters();
  options.backoff_min = milliseconds(10);
  options.backoff_max = milliseconds(100);
  options.resend = false;  // what the device does by itself is to be seen
  return options;
}

}  // namespace

Result<std::unique_ptr<KillReceiver>> KillReceiver::start(const std::string& broker_url,
                                                          const std::string& inbox_path,
                                                          PlatformView platform) {
  InboxOptions inbox_options;
  inbox_options.path = inbox_path;
  auto inbox = Inbox::open(inbox_options, platform);
  if (!inbox) return tl::unexpected<Error>(inbox.error());
  std::unique_ptr<KillReceiver> receiver(new KillReceiver(platform));
  auto* self = receiver.get();
  auto consumer = Consumer::start(
      consumer_options(broker_url), platform::make_linux_link(), std::move(*inbox),
      [self](const CloudEvent& event, sqlite3* db) { return self->apply(event, db); },
      [self](const CloudEvent* event, const ApplyOutcome& outcome) { self->observe(event, outcome); },
      platform);
  if (!consumer) return tl::unexpected<Error>(consumer.error());
  receiver->consumer_ = std::move(*consumer);
  return receiver;
}

std::vector<std::string> KillReceiver::topic_filters() {
  std::vector<std::string> filters;
  for (const Contender one : kAllContenders) filters.push_back(std::string(to_string(one)) + "/#");
  return filters;
}

bool KillReceiver::is_subscribed(std::string_view broker_log) {
  const std::vector<std::string> filters = topic_filters();
  return std::all_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    return broker_log.find(std::string(kClientId) + " 1 " + filter) != std::string_view::npos;
  });
}

Instant KillReceiver::now() const { return platform_.clock.now(); }

Result<void> KillReceiver::apply(const CloudEvent& event, sqlite3* db) const {
  // The consumer of a dual write has no inbox: receipts count.
  if (contender_of_source(event.source) != Contender::holdfast) return {};
  if (auto made = program::make_effects_table(db); !made) return made;
  return program::note_effect(db, event, now().time_since_epoch().count());
}

void KillReceiver::observe(const CloudEvent* event, const ApplyOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  messages_ += 1;
  const bool is_event = outcome.outcome == Applied::applied || outcome.outcome == Applied::duplicate;
  const bool is_wrong = event == nullptr || outcome.outcome == Applied::rejected || outcome.rewind ||
                        outcome.outcome == Applied::declared;
  if (is_wrong && troubles_.size() < kTroublesMax)
    troubles_.push_back(
        "The consumer received something wrong: " + (outcome.rewind ? *outcome.rewind : outcome.why) +
        (event != nullptr ? " (" + event->id + ")." : "."));
  if (event == nullptr || !is_event) return;
  ids_.insert(event->id);
  receipts_[index(contender_of_source(event->source))].push_back({event->id, now()});
}

std::uint64_t KillReceiver::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

bool KillReceiver::has(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ids_.count(id) != 0;
}

KillReceiver::Receipts KillReceiver::receipts() const {
  const std::lock_guard lock(mutex_);
  return receipts_;
}

std::vector<std::string> KillReceiver::troubles() const {
  const std::lock_guard lock(mutex_);
  return troubles_;
}

void KillReceiver::stop() {
  if (consumer_) consumer_->stop();
  consumer_.reset();
}

}  // namespace holdfast::prove
