// SPDX-License-Identifier: MIT
#include "prove/crash/drain.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "prove/crash/rig.hpp"
#include "prove/direct_backlog.hpp"
#include "relay/relay.hpp"

namespace holdfast::prove {
namespace {

constexpr int kStepsMax = 20'000;
constexpr std::chrono::seconds kRetryPause{1};

relay::RelaySetup setup_of(const store::Store& store) {
  RelayOptions options;
  options.broker.url = "mqtt://broker.example";
  options.presence = false;
  options.commands = false;
  relay::RelaySetup setup{std::move(options), store.device(), StoreOptions().topic_prefix, {}};
  for (const store::LaneRecord& lane : store.lanes())
    setup.lanes.push_back({lane.lane, lane.options.name, lane.options.priority, lane.cursor});
  return setup;
}

class Drain {
 public:
  Drain(store::Store& store, platform::sim::VirtualClock& clock, platform::Entropy& entropy,
        const std::function<void(const MqttMessage&)>& take)
      : store_(store),
        clock_(clock),
        broker_(clock),
        link_(broker_.make_link()),
        backlog_(store, mailbox_, clock),
        relay_(setup_of(store), with_waker(*link_, waker_), backlog_, mailbox_, clock, entropy) {
    broker_.set_answer([&take](const MqttMessage& message) {
      take(message);
      return std::uint8_t{0};
    });
  }

  DrainOutcome run() {
    announce();
    const Instant end = clock_.now() + kDrainMax;
    bool drained = false;
    for (int steps = 0; steps < kStepsMax && clock_.now() < end; ++steps) {
      const Instant next = step();
      drained = next > clock_.now() && is_drained();
      if (drained) break;
      // "At once" may be before all times: a difference to it would overflow.
      clock_.advance(std::clamp(next, clock_.now(), end) - clock_.now());
    }
    link_->drop();
    return {drained, drained ? std::string() : trouble()};
  }

 private:
  [[nodiscard]] const std::string& trouble() const {
    return backlog_.owes() || trouble_.empty() ? backlog_.trouble() : trouble_;
  }

  static platform::Link& with_waker(platform::Link& link, platform::Waker& waker) {
    link.set_waker(&waker);
    return link;
  }

  void announce() {
    for (const store::Watermark& mark : store_.watermarks()) {
      if (mark.committed_seq > 0) mailbox_.committed(mark.lane, mark.committed_seq);
    }
    if (store_.take_control_news()) mailbox_.control_committed();
  }

  Instant step() {
    const Instant now = clock_.now();
    Instant next = relay_.step(now);
    if (backlog_.owes()) next = std::min<Instant>(next, now + kRetryPause);
    if (now >= retry_at_ && backlog_.owes()) {
      retry_at_ = now + kRetryPause;
      backlog_.retry();
    }
    store_settled();
    if (store_.take_control_news()) mailbox_.control_committed();
    if (clock_.wait_until(now, waker_)) return now;  // the bell was rung: it does not wait
    return std::min(next, broker_.next_event());
  }

  void store_settled() {
    const auto waiting = store_.store_settled(false);
    if (!waiting) trouble_ = waiting.error().text();
    store_.checkpoint_if_due();
  }

  bool is_drained() {
    const auto marks = store_.watermarks();
    const bool settled = !marks.empty() && std::all_of(marks.begin(), marks.end(), [](const auto& mark) {
      return mark.settled_seq >= mark.committed_seq;
    });
    if (!settled || backlog_.owes()) return false;
    const auto records = store_.control_records();
    if (!records || !records->empty()) return false;
    return store_.store_settled(true).has_value();
  }

  store::Store& store_;
  platform::sim::VirtualClock& clock_;
  platform::sim::ScriptedBroker broker_;
  platform::Waker waker_;
  relay::RelayMailbox mailbox_{waker_};
  std::unique_ptr<platform::Link> link_;
  DirectBacklog backlog_;
  relay::Relay relay_;
  Instant retry_at_;
  std::string trouble_;  ///< of storing what was acknowledged
};

}  // namespace

DrainOutcome drain_to(store::Store& store, platform::sim::VirtualClock& clock, platform::Entropy& entropy,
                      const std::function<void(const MqttMessage&)>& take) {
  return Drain(store, clock, entropy, take).run();
}

}  // namespace holdfast::prove
