// SPDX-License-Identifier: MIT
//
// What a publisher concludes from the broker's answers.
#include <algorithm>
#include <utility>

#include "relay/publisher.hpp"

namespace holdfast::relay {

InFlight Publisher::answered(LinkToken token) {
  const InFlight publish = in_flight_.take(token);
  window_->remove(publish.bytes);
  return publish;
}

bool Publisher::acknowledged(LinkToken token, Instant now) {
  const InFlight publish = answered(token);
  window_->recover();
  if (publish.kind == InFlight::Kind::status) {
    presence_.acknowledged();
    return activity(now) == flow::StallWatch::State::idle;
  }
  statistics_.acknowledged += 1;
  statistics_.last_ack_at = now;
  if (publish.kind == InFlight::Kind::resent) {
    acknowledge_resent(publish.number);
    return true;
  }
  if (publish.kind == InFlight::Kind::record) {
    control_.acknowledged();
    backlog_.settle_control(publish.number, publish.is_gap);
    return true;
  }
  LaneFeed& lane = lanes_[publish.lane];
  const EventPlace event{publish.lane, publish.number};
  acknowledged_token_ = std::max(acknowledged_token_, token);
  const bool was_suspect = suspects_.contain(event);
  suspects_.acknowledged(event);
  lane.acknowledged(publish.number);
  if (was_suspect) clear(event);
  settled_.push_back({lane.number(), publish.number});
  return true;
}

void Publisher::refused(const platform::LinkEvent& answer, Instant now) {
  const InFlight publish = answered(answer.token);
  const RefusalAction action = action_for(answer.reason);
  Rejection why{answer.reason, answer.detail};
  statistics_.refused += 1;
  if (action == RefusalAction::back_off_and_shrink) window_->halve();
  if (publish.kind == InFlight::Kind::status) {
    why.detail = "the status: " + why.detail;
    note(why);
    return presence_.refused(now, entropy_.next());
  }
  if (publish.kind == InFlight::Kind::record) {
    note(why);
    return control_.refused(now, entropy_.next());
  }
  if (publish.kind == InFlight::Kind::resent)
    return refuse_resent(publish.number, std::move(why), action == RefusalAction::quarantine, now);
  const EventPlace event{publish.lane, publish.number};
  const bool was_suspect = suspects_.contain(event);
  refuse(event, std::move(why), action, now);
  suspects_.refused(event);
  if (was_suspect) clear(event);
}

void Publisher::refuse(const EventPlace& event, Rejection why, RefusalAction action, Instant now) {
  note(why);
  LaneFeed& lane = lanes_[event.lane];
  bool final = action == RefusalAction::quarantine;
  if (action == RefusalAction::park_topic) {
    final = !lane.denied(event.seq, now, entropy_.next());
  } else if (!final) {
    lane.refused(event.seq, now, entropy_.next());
  }
  if (final) final = lane.give_up(event.seq, now, entropy_.next());
  backlog_.refuse({lane.number(), event.seq, why.reason, std::move(why.detail), final, lease_});
}

void Publisher::settle() {
  if (!settled_.empty()) backlog_.settle(std::exchange(settled_, {}));
}

}  // namespace holdfast::relay
