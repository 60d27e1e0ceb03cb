// SPDX-License-Identifier: MIT
// Planted: the relay reads a clock itself. std::chrono::steady_clock::now() in a comment is no offence.
#include <chrono>

std::chrono::steady_clock::time_point deadline() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}
