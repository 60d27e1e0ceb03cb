// SPDX-License-Identifier: MIT
#pragma once

#include "store/session.hpp"

namespace holdfast::store {

/// A scope of our own statements inside a caller's closure: the authorizer is off, and the pages they take are
/// not charged to the callers' tables. Pages are looked at only once the closure has asked for the connection.
class Session::OwnWork {
 public:
  explicit OwnWork(Session& session) : session_(session), gap_(*session.fence_) {
    if (session_.callers_sql_) before_ = session_.used_pages().value_or(0);
  }
  ~OwnWork() {
    if (session_.callers_sql_) session_.own_pages_ += session_.used_pages().value_or(before_) - before_;
  }
  OwnWork(const OwnWork&) = delete;
  OwnWork& operator=(const OwnWork&) = delete;

 private:
  Session& session_;
  FenceGap gap_;
  std::uint64_t before_ = 0;
};

}  // namespace holdfast::store
