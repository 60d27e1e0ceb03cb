// SPDX-License-Identifier: MIT
#include "runtime/relay_thread.hpp"

namespace holdfast::runtime {
namespace {

// The link rings the relay's bell, and what it receives goes into the mailbox; told before the relay may connect.
platform::Link& prepared(platform::Link& link, platform::Waker& waker, relay::RelayMailbox* commands) {
  link.set_waker(&waker);
  if (commands != nullptr) {
    link.set_receiver([commands](const MqttMessage& message) {
      commands->put_command(message);
      return platform::Delivery::acknowledge;
    });
  }
  return link;
}

bool receives(const relay::RelaySetup& setup) {
  return relay::options_of(setup.relay, setup.relays, setup.options).commands;
}

relay::RelaySetup receiving(relay::RelaySetup setup) {
  setup.receives = receives(setup);
  return setup;
}

}  // namespace

RelayThread::RelayThread(const relay::RelaySetup& setup, std::unique_ptr<platform::Link> link,
                         RelayDesk& desk, StoreThread& store, PlatformView platform)
    : clock_(platform.clock),
      mailbox_(waker_),
      link_(std::move(link)),
      backlog_(setup.relay, desk, store, mailbox_, platform.clock),
      relay_(receiving(setup), prepared(*link_, waker_, receives(setup) ? &mailbox_ : nullptr), backlog_,
             mailbox_, platform.clock, platform.entropy) {}

RelayThread::~RelayThread() {
  begin_stop();
  join();
}

void RelayThread::start() {
  thread_ = std::thread([this] { loop(); });
}

void RelayThread::loop() {
  bool draining = false;
  while (!relay_.drained()) {
    const Instant next = relay_.step(clock_.now());
    publish_statistics();
    if (relay_.drained()) return;
    clock_.wait_until(next, waker_);
    const std::lock_guard lock(mutex_);
    if (stopping_ && !std::exchange(draining, true)) relay_.begin_drain(clock_.now());
  }
}

void RelayThread::publish_statistics() {
  RelayStatistics statistics = relay_.statistics();
  const std::lock_guard lock(mutex_);
  statistics_ = std::move(statistics);
}

RelayStatistics RelayThread::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

Result<void> RelayThread::replay(const ReplayRequest& request) {
  store::ReplayQuestion question{.lane = request.lane,
                                 .epoch = {},
                                 .after_seq = request.first_seq - 1,
                                 .last_seq = request.last_seq,
                                 .key = request.key,
                                 .from = request.from,
                                 .before = request.before};
  std::vector<store::ReplayQuestion> parts;
  parts.push_back(std::move(question));
  if (mailbox_.put_replay(std::move(parts))) return {};
  return fail(ErrorCode::busy, "replay", "as many requests as may wait are waiting; try again later");
}

void RelayThread::begin_stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waker_.wake();
}

void RelayThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace holdfast::runtime
