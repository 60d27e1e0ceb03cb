// SPDX-License-Identifier: MIT
//
// | state       | event                                    | next        | what is done                            |
// |-------------|------------------------------------------|-------------|-----------------------------------------|
// | backing_off | its time has come                        | connecting  | connect(), keeping the session          |
// | connecting  | connected                                | connected   | subscribe to every filter               |
// | connecting  | connect_failed, or no answer in time     | backing_off | drop(), longer delay                    |
// | connected   | a message                                | connected   | apply, then acknowledge; delay is reset |
// | connected   | disconnected                             | backing_off | drop(), longer delay                    |
// | any         | the inbox failed for commit_timeout, or a filter was refused | failed | withhold for good      |
//
// The message's acknowledgement leaves when the receiver returns (link.hpp), so the link's thread waits in
// the Handover until this thread has committed. A link that delivers on the thread that polls it (the
// simulation) is served at once.
#include <algorithm>
#include <array>
#include <atomic>
#include <holdfast/consumer.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/link.hpp>
#include <thread>

#include "flow/backoff.hpp"
#include "runtime/asker.hpp"
#include "runtime/handover.hpp"

namespace holdfast {
namespace {

using platform::Delivery;
using platform::LinkEvent;
using platform::LinkEventKind;

/// Beyond BrokerOptions::connect_timeout, which the link itself should keep.
constexpr std::chrono::seconds kConnectMargin{2};
/// Between two tries of a message whose commit failed.
constexpr std::chrono::milliseconds kApplyPause{200};
/// The link's thread gives up a little later than the consumer's, so that the consumer knows first.
constexpr std::chrono::seconds kHandoverMargin{5};
/// Tokens of resend requests begin here; those of subscriptions are the filters' indices.
constexpr platform::LinkToken kFirstRequestToken = 1'000'000;

Result<void> check_options(const ConsumerOptions& options) {
  const auto invalid = [](const char* hint) { return fail(ErrorCode::invalid, "start the consumer", hint); };
  if (options.broker.client_id.empty())
    return invalid("client_id is empty: it names the session at the broker");
  if (options.filters.empty()) return invalid("there is no topic filter");
  if (options.commit_timeout.count() <= 0) return invalid("commit_timeout must be above 0");
  if (options.backoff_min.count() <= 0 || options.backoff_max < options.backoff_min) {
    return invalid("backoff_min must be above 0 and at most backoff_max");
  }
  if (options.resend && (options.resend_after.count() < 0 || options.resend_interval.count() <= 0))
    return invalid("resend_after must not be negative, and resend_interval must be above 0");
  return {};
}

}  // namespace

class Consumer::Impl {
 public:
  Impl(const ConsumerOptions& options, std::unique_ptr<platform::Link> link, std::unique_ptr<Inbox> inbox,
       Effect effect, ConsumerObserver observer, PlatformView platform)
      : options_(options),
        platform_(platform),
        link_(std::move(link)),
        inbox_(std::move(inbox)),
        effect_(std::move(effect)),
        observer_(std::move(observer)),
        handover_(platform.clock, waker_),
        backoff_({Duration(0), options.backoff_min, options.backoff_max}),
        asker_(options_, platform) {
    link_->set_waker(&waker_);
    link_->set_receiver([this](const MqttMessage& message) { return receive(message); });
    thread_ = std::thread([this] { loop(); });
  }

  ~Impl() { stop(); }

  ConsumerStatistics statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

  std::optional<Error> failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    waker_.wake();
    if (std::this_thread::get_id() == consumer_id_) return;  // it ends after this message
    const std::lock_guard life(life_mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  // --- the link's thread ---

  Delivery receive(const MqttMessage& message) {
    if (std::this_thread::get_id() == consumer_id_) return apply(message);
    return handover_.offer(message, options_.commit_timeout + kHandoverMargin);
  }

  // --- the consumer's thread ---

  void loop() {
    consumer_id_ = std::this_thread::get_id();
    while (!stopping() && !failure()) {
      const Instant next = step();
      publish();
      if (!stopping() && !failure()) platform_.clock.wait_until(next, waker_);
    }
    drop_link();
    set_state(RelayState::stopped);
    publish();
  }

  bool stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  Instant step() {
    serve();
    std::array<LinkEvent, 16> events;
    const std::size_t count = link_->poll(events);
    for (std::size_t i = 0; i < count; ++i) take(events[i]);
    const Instant now = platform_.clock.now();
    if (count == events.size()) return now;
    if (state_ == RelayState::connected) return ask_when_due(now);
    if (now < deadline_) return deadline_;
    if (state_ == RelayState::connecting) {
      lose("the broker did not answer in time", 0);
    } else {
      connect(now);
    }
    return deadline_;
  }

  // Not while messages wait: what is missing may be among them.
  Instant ask_when_due(Instant now) {
    if (now < asker_.due()) return asker_.due();
    asker_.ask(*inbox_, [this](const MqttMessage& request) {
      // An error is a connection that is going; the next request is due in its time.
      if (link_->publish(++last_token_, request)) ++counts_.resend_requests;
    });
    return asker_.due();
  }

  void connect(Instant now) {
    const platform::ConnectRequest request{.broker = options_.broker,
                                           .clean_start = false,
                                           .session_expiry = options_.session_expiry,
                                           .will = std::nullopt};
    set_state(RelayState::connecting);
    deadline_ = now + options_.broker.connect_timeout + kConnectMargin;
    const auto begun = link_->connect(request);
    if (begun) return;
    if (begun.error().code == ErrorCode::invalid) return fail_for_good(begun.error());  // no retry can help
    lose(begun.error().text(), begun.error().native);
  }

  void take(const LinkEvent& event) {
    switch (event.kind) {
      case LinkEventKind::connected:
        set_state(RelayState::connected);
        ++counts_.connects;
        subscribe();
        break;
      case LinkEventKind::connect_failed: lose(event.detail, event.reason); break;
      case LinkEventKind::disconnected:
        ++counts_.disconnects;
        lose(event.detail, event.reason);
        break;
      case LinkEventKind::subscribe_refused:
        fail_for_good({ErrorCode::denied, event.reason,
                       "subscribe to " + options_.filters.at(static_cast<std::size_t>(event.token)),
                       "the broker refused it; see its access rules"});
        break;
      case LinkEventKind::withheld:
        if (!failure()) {
          fail_for_good(
              {ErrorCode::unavailable, 0, "apply a message", "its commit took longer than commit_timeout"});
        }
        break;
      case LinkEventKind::refused: ++counts_.resend_refused; break;
      case LinkEventKind::subscribed:
      case LinkEventKind::acknowledged: break;
    }
  }

  void subscribe() {
    for (std::size_t i = 0; i < options_.filters.size(); ++i) {
      const auto asked = link_->subscribe(i, options_.filters[i]);
      if (!asked && asked.error().code == ErrorCode::invalid) fail_for_good(asked.error());
      // Any other trouble is a connection that is going: its end is reported by an event.
    }
  }

  // The link's thread may stand in the middle of a delivery, which drop() waits for: it is served meanwhile.
  void drop_link() {
    std::atomic<bool> dropped = false;
    std::thread dropper([&] {
      link_->drop();
      dropped = true;
      waker_.wake();
    });
    while (!dropped) {
      serve();
      platform_.clock.wait_until(Instant::max(), waker_);
    }
    dropper.join();
  }

  void serve() {
    const auto message = handover_.take();
    if (message) handover_.answer(failure() ? Delivery::withhold : apply(*message));
  }

  void lose(std::string detail, std::int32_t reason) {
    drop_link();
    set_state(RelayState::backing_off);
    counts_.last_reason = reason;
    counts_.last_error = std::move(detail);
    deadline_ = platform_.clock.now() + backoff_.next(platform_.entropy.next());
  }

  // Tries until it is committed or commit_timeout is over; then the message stays with the broker.
  Delivery apply(const MqttMessage& message) {
    if (runtime::is_not_for_consumers(message.topic)) return Delivery::acknowledge;
    ++counts_.received;
    const auto event = decode_cloud_event(message);
    if (!event) {
      ++counts_.undecodable;
      if (observer_) observer_(nullptr, {Applied::rejected, event.error().hint, std::nullopt});
      return Delivery::acknowledge;
    }
    const Instant give_up = platform_.clock.now() + options_.commit_timeout;
    for (;;) {
      const auto outcome = inbox_->apply(*event, effect_);
      if (outcome) {
        backoff_.reset();
        asker_.note(*event, message.topic);
        if (observer_) observer_(&*event, *outcome);
        return Delivery::acknowledge;
      }
      if (stopping() || platform_.clock.now() + kApplyPause >= give_up) {
        fail_for_good(outcome.error());
        return Delivery::withhold;
      }
      // The bell may ring for other reasons; they are looked at in the next step.
      (void)platform_.clock.wait_until(platform_.clock.now() + kApplyPause, pause_);
    }
  }

  void fail_for_good(Error error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
  }

  void set_state(RelayState state) { state_ = state; }

  void publish() {
    counts_.state = state_;
    counts_.inbox = inbox_->statistics();
    const std::lock_guard lock(mutex_);
    statistics_ = counts_;
  }

  const ConsumerOptions options_;
  PlatformView platform_;
  std::unique_ptr<platform::Link> link_;
  std::unique_ptr<Inbox> inbox_;
  Effect effect_;
  ConsumerObserver observer_;
  platform::Waker waker_;
  platform::Waker pause_;
  runtime::Handover handover_;
  flow::Backoff backoff_;
  RelayState state_ = RelayState::backing_off;
  Instant deadline_;  // backing_off: connect then; connecting: give up then
  ConsumerStatistics counts_;
  runtime::Asker asker_;
  platform::LinkToken last_token_ = kFirstRequestToken;

  mutable std::mutex mutex_;  // guards the three below
  ConsumerStatistics statistics_;
  std::optional<Error> failure_;
  bool stopping_ = false;

  std::atomic<std::thread::id> consumer_id_;
  std::mutex life_mutex_;  // one stop() at a time
  std::thread thread_;
};

Result<std::unique_ptr<Consumer>> Consumer::start(const ConsumerOptions& options,
                                                  std::unique_ptr<platform::Link> link,
                                                  std::unique_ptr<Inbox> inbox, Effect effect,
                                                  ConsumerObserver observer, PlatformView platform) {
  if (auto done = check_options(options); !done) return tl::unexpected<Error>(done.error());
  if (link == nullptr || inbox == nullptr || !effect) {
    return fail(ErrorCode::invalid, "start the consumer", "it needs a link, an inbox and an effect");
  }
  return std::unique_ptr<Consumer>(new Consumer(std::make_unique<Impl>(
      options, std::move(link), std::move(inbox), std::move(effect), std::move(observer), platform)));
}

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Consumer::~Consumer() = default;

ConsumerStatistics Consumer::statistics() const { return impl_->statistics(); }

std::optional<Error> Consumer::failure() const { return impl_->failure(); }

void Consumer::stop() { impl_->stop(); }

}  // namespace holdfast
