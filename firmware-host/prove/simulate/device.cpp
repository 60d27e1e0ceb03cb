// SPDX-License-Identifier: MIT
#include "prove/simulate/device.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::prove {
namespace {

using std::chrono::seconds;

constexpr seconds kRetryPause{1};  // as the store's thread does it

relay::RelaySetup setup_of(const store::Store& store, const StoreOptions& options,
                           RelayOptions relay_options) {
  relay::RelaySetup setup{std::move(relay_options), store.device(), options.topic_prefix, {}};
  setup.receives = setup.options.commands;
  for (const store::LaneRecord& lane : store.lanes()) {
    setup.lanes.push_back({lane.lane, lane.options.name, lane.options.priority, lane.cursor});
  }
  return setup;
}

// As the relay's thread does it.
platform::Link& prepared(platform::Link& link, platform::Waker& waker, relay::RelayMailbox& mailbox) {
  link.set_waker(&waker);
  link.set_receiver([&mailbox](const MqttMessage& message) {
    mailbox.put_command(message);
    return platform::Delivery::acknowledge;
  });
  return link;
}

}  // namespace

Device::Booted::Booted(std::unique_ptr<store::Store> opened, const Surroundings& around,
                       const StoreOptions& options, const RelayOptions& relay_options)
    : store(std::move(opened)),
      link(around.broker.make_link()),
      backlog(*store, mailbox, around.platform.clock),
      relay(setup_of(*store, options, relay_options), prepared(*link, waker, mailbox), backlog, mailbox,
            around.platform.clock, around.platform.entropy) {}

Device::Device(Surroundings around, StoreOptions options, RelayOptions relay_options, Duration house_period)
    : around_(around),
      options_(std::move(options)),
      relay_options_(std::move(relay_options)),
      house_period_(house_period) {}

Result<void> Device::boot() {
  auto opened = store::Store::open(options_, around_.platform);
  if (!opened) return tl::unexpected<Error>(opened.error());
  booted_ = std::make_unique<Booted>(std::move(*opened), around_, options_, relay_options_);
  announce();
  called_ = true;
  return {};
}

void Device::begin_shut_down() {
  booted_->relay.begin_drain(around_.clock.now());
  booted_->draining = true;
  called_ = true;
}

void Device::crash() {
  around_.broker.kill_connection(options_.device, 0);
  booted_.reset();
}

void Device::end() {
  const auto closed = booted_->store->close();
  close_error_ = closed ? std::nullopt : std::optional(closed.error());
  booted_.reset();
}

std::vector<WriteResult> Device::write(const std::vector<WriteBody>& bodies) {
  std::vector<store::WriteJob> jobs(bodies.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  for (std::size_t done = 0; done < jobs.size();) {
    done += booted_->store->commit_group(std::span(jobs).subspan(done));
    announce();
  }
  std::vector<WriteResult> results;
  for (store::WriteJob& job : jobs) results.push_back(std::move(job.outcome));
  return results;
}

WriteResult Device::write(const WriteBody& body) {
  store::WriteJob job{.body = &body};
  booted_->store->commit_group(std::span(&job, 1));
  announce();
  return std::move(job.outcome);
}

void Device::announce() {
  for (const store::Watermark& mark : booted_->store->watermarks()) {
    if (mark.committed_seq > 0) booted_->mailbox.committed(mark.lane, mark.committed_seq);
  }
  if (booted_->store->take_control_news()) booted_->mailbox.control_committed();
}

Result<std::string> Device::state(std::string_view key) {
  std::string value;
  const auto done = booted_->store->read([&](const Reader& reader) -> Result<void> {
    auto entry = reader.get(key);
    if (!entry) return tl::unexpected<Error>(entry.error());
    if (*entry) value.assign(reinterpret_cast<const char*>((*entry)->value.data()), (*entry)->value.size());
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return value;
}

bool Device::flushed() {
  const auto marks = watermarks();
  const bool events =
      std::all_of(marks.begin(), marks.end(), [](const auto& m) { return m.settled_seq == m.committed_seq; });
  if (!events) return false;
  const auto records = booted_->store->control_records();
  return records && records->empty();
}

bool Device::called() {
  const bool rung = booted_ != nullptr && around_.clock.wait_until(around_.clock.now(), booted_->waker);
  return std::exchange(called_, false) || rung;
}

Instant Device::step() {
  if (!running()) return Instant::max();
  Booted& b = *booted_;
  const Instant next = b.relay.step(around_.clock.now());
  b.backlog.retry();
  keep_house();
  if (b.store->take_control_news()) b.mailbox.control_committed();
  if (b.draining && b.relay.drained()) {
    end();
    return Instant::max();
  }
  return std::min({next, b.chores_due, b.settle_due.value_or(Instant::max())});
}

void Device::keep_house() {
  Booted& b = *booted_;
  const Instant now = around_.clock.now();
  const bool force = b.settle_due && *b.settle_due <= now;
  const auto waiting = b.store->store_settled(force);
  if (!waiting) {
    b.settle_due = now + kRetryPause;
  } else if (*waiting == 0) {
    b.settle_due.reset();
  } else if (!b.settle_due || force) {
    b.settle_due = now + options_.settle_delay_max;
  }
  if (b.chores_due <= now) {
    const auto more = b.store->keep_house();
    b.chores_due = more && *more ? now : now + house_period_;
  }
  b.store->checkpoint_if_due();
}

}  // namespace holdfast::prove
