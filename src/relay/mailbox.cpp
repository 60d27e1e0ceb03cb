// SPDX-License-Identifier: MIT
#include "relay/mailbox.hpp"

#include <algorithm>
#include <utility>

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

void RelayMailbox::control_committed() {
  {
    const std::lock_guard lock(mutex_);
    contents_.control_pending = true;
  }
  waker_.wake();
}

RelayMailbox::Contents RelayMailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(contents_, {});
}

}  // namespace holdfast::relay
