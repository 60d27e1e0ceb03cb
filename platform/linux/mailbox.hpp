// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <mutex>
#include <span>
#include <utility>

#include <holdfast/check.hpp>
#include <holdfast/platform/link.hpp>

namespace holdfast::platform::linux_detail {

/// The events of one connection on their way from Paho's threads to the owner. put() allocates nothing and
/// holds no lock while it rings. It cannot overflow: a link has at most kLinkPublishesMax answers under way,
/// and a connection has one beginning, one `withheld` and one end.
class Mailbox {
 public:
  static constexpr std::size_t kCapacity = kLinkPublishesMax + 4;

  explicit Mailbox(Waker* waker) : waker_(waker) {}

  void put(LinkEvent event) noexcept {
    {
      const std::lock_guard lock(mutex_);
      HOLDFAST_CHECK(count_ < kCapacity);
      ring_[(first_ + count_) % kCapacity] = std::move(event);
      ++count_;
    }
    if (waker_ != nullptr) waker_->wake();
  }

  [[nodiscard]] std::size_t take(std::span<LinkEvent> events) noexcept {
    const std::lock_guard lock(mutex_);
    std::size_t taken = 0;
    for (; taken < events.size() && count_ > 0; ++taken, --count_) {
      events[taken] = std::move(ring_[first_]);
      first_ = (first_ + 1) % kCapacity;
    }
    return taken;
  }

 private:
  std::mutex mutex_;
  std::array<LinkEvent, kCapacity> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  Waker* const waker_;
};

}  // namespace holdfast::platform::linux_detail
