// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::platform {

/// Which topics of one connection have a number (MQTT 5, section 3.3.2.3.4). The first publish on a topic carries
/// topic and number, the later ones the number alone. When all numbers are taken, other topics go in full:
/// taking a number away from a topic would cost its next publish more than is won.
class TopicAliases {
 public:
  struct Use {
    std::uint16_t alias = 0;  ///< 0: none
    bool known = false;       ///< the broker knows it: the topic is left out
  };

  /// `count`: how many numbers there are, 1 to `count`.
  explicit TopicAliases(std::uint16_t count = 0) : count_(count) { topics_.reserve(count); }

  [[nodiscard]] Use look_up(std::string_view topic) const {
    const auto found = std::find(topics_.begin(), topics_.end(), topic);
    if (found != topics_.end()) return {static_cast<std::uint16_t>(found - topics_.begin() + 1), true};
    if (topics_.size() >= count_) return {};
    return {static_cast<std::uint16_t>(topics_.size() + 1), false};
  }

  /// A publish with the number that look_up() gave to this topic is on its way, ahead of all later ones.
  void sent(std::string_view topic) noexcept {
    try {
      if (const Use use = look_up(topic); use.alias != 0 && !use.known) topics_.emplace_back(topic);
    } catch (const std::exception&) {  // no memory: the number goes to the next topic, and the broker follows
    }
  }

 private:
  std::uint16_t count_;
  std::vector<std::string> topics_;  // at most count_; alias = index + 1
};

}  // namespace holdfast::platform
