// SPDX-License-Identifier: MIT
#include "relay/mailbox.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>
#include <utility>

#include "relay/commands.hpp"

namespace holdfast::relay {

void RelayMailbox::put(FetchReply reply) {
  {
    const std::lock_guard lock(mutex_);
    contents_.fetched.push_back(std::move(reply));
  }
  waker_.wake();
}

void RelayMailbox::put(RefusalReply reply) {
  {
    const std::lock_guard lock(mutex_);
    contents_.refusals.push_back(reply);
  }
  waker_.wake();
}

void RelayMailbox::put(std::vector<ControlRecord> records) {
  {
    const std::lock_guard lock(mutex_);
    contents_.control.push_back(std::move(records));
  }
  waker_.wake();
}

void RelayMailbox::committed(LaneNumber lane, std::int64_t seq) {
  {
    const std::lock_guard lock(mutex_);
    auto& noted = contents_.committed;
    const auto same = std::find_if(noted.begin(), noted.end(), [&](const auto& n) { return n.lane == lane; });
    if (same == noted.end()) {
      noted.push_back({lane, seq});
    } else {
      same->seq = std::max(same->seq, seq);
    }
  }
  waker_.wake();
}

void RelayMailbox::control_committed(std::uint64_t news) {
  {
    const std::lock_guard lock(mutex_);
    contents_.control_pending = true;
    contents_.control_news = news;
  }
  waker_.wake();
}

void RelayMailbox::put(ReplayReply reply) {
  {
    const std::lock_guard lock(mutex_);
    contents_.replayed.push_back(std::move(reply));
  }
  waker_.wake();
}

void RelayMailbox::put_command(const MqttMessage& message) {
  {
    const std::lock_guard lock(mutex_);
    const bool fits =
        contents_.commands.size() < limits::kResendRequestsMax && message.payload.size() <= kCommandBytesMax;
    if (fits)
      contents_.commands.push_back(message);
    else
      contents_.commands_dropped += 1;
  }
  waker_.wake();
}

bool RelayMailbox::put_replay(std::vector<store::ReplayQuestion> parts) {
  {
    const std::lock_guard lock(mutex_);
    if (contents_.replays.size() + requests_ >= limits::kResendRequestsMax) return false;
    contents_.replays.push_back(std::move(parts));
  }
  waker_.wake();
  return true;
}

void RelayMailbox::requeued() {
  {
    const std::lock_guard lock(mutex_);
    contents_.requeued = true;
  }
  waker_.wake();
}

void RelayMailbox::put(std::optional<store::ShareGrant> grant) {
  {
    const std::lock_guard lock(mutex_);
    contents_.grants.push_back(std::move(grant));
  }
  waker_.wake();
}

void RelayMailbox::shares_moved() {
  {
    const std::lock_guard lock(mutex_);
    contents_.shares_moved = true;
  }
  waker_.wake();
}

void RelayMailbox::look_again() {
  {
    const std::lock_guard lock(mutex_);
    contents_.look_again = true;
  }
  waker_.wake();
}

void RelayMailbox::set_requests(std::size_t count) {
  const std::lock_guard lock(mutex_);
  requests_ = count;
}

RelayMailbox::Contents RelayMailbox::take() {
  const std::lock_guard lock(mutex_);
  requests_ += contents_.replays.size();  // until it says how many there are
  return std::exchange(contents_, {});
}

}  // namespace holdfast::relay
