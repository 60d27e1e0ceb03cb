// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <holdfast/limits.hpp>
#include <vector>

#include "relay/mailbox.hpp"
#include "store/session.hpp"

namespace holdfast::runtime {

/// What the store's user knows of all relays together. For the holder of the baton only; of use with several relays.
///
/// 1. *Records before events.* One relay carries the gap and epoch records. The others are given no events from the commit
///    of a record until that relay says that all it was told of are through.
/// 2. *The span.* Nothing is handed out that is limits::kSpanMax above the lane's cursor, and the cursor may be held
///    by an event of another relay. Who had to wait is told once the cursor has moved on by an eighth of it: it
///    always does, or what holds it holds everybody.
class RelayDesk {
 public:
  void add(relay::RelayMailbox& mailbox) { mailboxes_.push_back(&mailbox); }

  void committed(store::LaneNumber lane, std::int64_t seq) {
    for (relay::RelayMailbox* mailbox : mailboxes_) mailbox->committed(lane, seq);
  }
  void records_committed() {
    news_ += 1;
    for (relay::RelayMailbox* mailbox : mailboxes_) mailbox->control_committed(news_);
  }
  void look_again() {
    for (relay::RelayMailbox* mailbox : mailboxes_) mailbox->look_again();
  }
  /// Another relay than this one has to look what is free.
  void shares_moved(std::size_t relay) {
    for (std::size_t i = 0; i < mailboxes_.size(); ++i)
      if (i != relay) mailboxes_[i]->shares_moved();
  }

  /// The carrier's word about all records up to that notice. True: events may go from now on.
  [[nodiscard]] bool records_through(std::uint64_t news) noexcept {
    if (news != news_ || records_open()) return false;
    through_ = news;
    return true;
  }
  [[nodiscard]] bool records_open() const noexcept { return through_ == news_; }

  /// A fetch of this lane ended at the span.
  void waits(store::LaneNumber lane, const std::vector<store::Watermark>& marks) {
    const auto same = [lane](const auto& each) { return each.lane == lane; };
    if (std::any_of(waiting_.begin(), waiting_.end(), same)) return;
    const auto mark = std::find_if(marks.begin(), marks.end(), same);
    if (mark != marks.end()) waiting_.push_back({lane, mark->settled_seq + kStep});
  }
  [[nodiscard]] bool anyone_waits() const noexcept { return !waiting_.empty(); }
  /// True once when a cursor has moved on for somebody.
  [[nodiscard]] bool may_go_on(const std::vector<store::Watermark>& marks) {
    return std::erase_if(waiting_, [&](const Waiting& waiting) {
             return std::none_of(marks.begin(), marks.end(), [&](const store::Watermark& mark) {
               return mark.lane == waiting.lane && mark.settled_seq < waiting.until_settled;
             });
           }) > 0;
  }

 private:
  static constexpr auto kStep = static_cast<std::int64_t>(limits::kSpanMax / 8);
  struct Waiting {
    store::LaneNumber lane = 0;
    std::int64_t until_settled = 0;
  };

  std::vector<relay::RelayMailbox*> mailboxes_;  // by relay
  std::vector<Waiting> waiting_;                 // at most one per lane
  std::uint64_t news_ = 1;     // notices of new records; the first is that there may be some
  std::uint64_t through_ = 0;  // of them
};

}  // namespace holdfast::runtime
