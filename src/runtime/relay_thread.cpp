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

relay::RelaySetup receiving(relay::RelaySetup setup) {
  setup.receives = setup.options.commands;
  return setup;
}

}  // namespace

RelayThread::RelayThread(const relay::RelaySetup& setup, std::unique_ptr<platform::Link> link,
                         StoreThread& store, PlatformView platform)
    : clock_(platform.clock),
      mailbox_(waker_),
      link_(std::move(link)),
      store_(store),
      backlog_(store, mailbox_, platform.clock),
      polls_(setup.options.poll_interval.count() > 0),
      relay_(receiving(setup), prepared(*link_, waker_, setup.options.commands ? &mailbox_ : nullptr),
             backlog_, mailbox_, platform.clock, platform.entropy) {
  store_.listen({.committed = on_commit(), .control_committed = [this] { mailbox_.control_committed(); }});
  thread_ = std::thread([this] { loop(); });
}

RelayThread::~RelayThread() { stop(); }

// A relay that polls is not told, or it would not be a poll.
std::function<void(store::LaneNumber, std::int64_t)> RelayThread::on_commit() {
  if (polls_) return {};
  return [this](store::LaneNumber lane, std::int64_t seq) { mailbox_.committed(lane, seq); };
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

void RelayThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waker_.wake();
  if (!thread_.joinable()) return;
  thread_.join();
  // The store's user may still hold mail for us: wait until it has let go.
  store_.listen({});
  store_.drain_tasks();
}

}  // namespace holdfast::runtime
