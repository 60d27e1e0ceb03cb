// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.hpp"

namespace holdfast::fuzz {

[[nodiscard]] inline std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline std::vector<std::byte> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// Takes an input apart, from its front, so that a mutation in one place changes one thing. What is behind the end reads
/// as zeros.
class Input {
 public:
  explicit Input(Bytes bytes) : left_(bytes) {}

  [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
  std::uint8_t byte() noexcept {
    if (left_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(left_.front());
    left_ = left_.subspan(1);
    return value;
  }
  /// Big-endian, of `bytes` bytes.
  std::uint64_t number(int bytes) noexcept {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8U | byte();
    return value;
  }
  /// A byte says how long.
  Bytes bytes() noexcept {
    const std::size_t told = byte();
    const std::size_t size = std::min(told, left_.size());
    const Bytes taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  std::string text() { return std::string(text_of(bytes())); }
  template <class T, std::size_t n>
  const T& one_of(const std::array<T, n>& choices) noexcept {
    return choices[byte() % n];
  }
  Bytes rest() noexcept {
    const Bytes taken = left_;
    left_ = {};
    return taken;
  }

 private:
  Bytes left_;
};

}  // namespace holdfast::fuzz
