// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace holdfast::demo {

/// One direction of one connection through the proxy: bytes in order, each not before its time. It holds at most
/// kBufferBytesMax; when they are used up it reads no more, and TCP slows the sender down.
class ProxyStream {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kBufferBytesMax = 65'536;

  /// Reads what is there from a socket that does not block; what comes is due after `delay`.
  void read(int from, Time now, std::chrono::milliseconds delay);
  /// Writes what is due.
  void write(int to, Time now);

  /// The next bytes that come are passed on without the last one, and then it is over: as packets are sent whole, the
  /// other end is left in the middle of one.
  void truncate() { truncating_ = true; }
  void forgive() { truncating_ = false; }  ///< takes truncate() back, unless it has happened

  [[nodiscard]] bool wants_to_read() const { return !ended_ && buffered_bytes_ < kBufferBytesMax; }
  [[nodiscard]] bool wants_to_write(Time now) const { return !chunks_.empty() && chunks_.front().due <= now; }
  /// When the oldest bytes may be written; nullopt: there are none.
  [[nodiscard]] std::optional<Time> next_due() const;
  /// Nothing more will come out: the sender has ended and all is passed on, or the receiver is gone.
  [[nodiscard]] bool over() const { return broken_ || (ended_ && chunks_.empty()); }
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  struct Chunk {
    Time due;
    std::string bytes;
  };
  void take(std::string bytes, Time due);

  std::deque<Chunk> chunks_;
  std::size_t buffered_bytes_ = 0;
  bool truncating_ = false;
  bool truncated_ = false;
  bool ended_ = false;   // nothing more is read
  bool broken_ = false;  // nothing more can be written
};

/// What came, into nowhere. False: the sender has ended.
[[nodiscard]] bool swallow(int from, std::uint64_t& bytes);

}  // namespace holdfast::demo
