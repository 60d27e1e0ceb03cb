// SPDX-License-Identifier: MIT
#pragma once

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>

namespace holdfast::test {

/// "82 00 ff" or "8200ff", as standards print bytes.
inline std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  std::string pair;
  for (const char c : hex) {
    if (c == ' ') continue;
    pair += c;
    if (pair.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(pair, nullptr, 16)));
    pair.clear();
  }
  return bytes;
}

inline std::string to_hex(const std::vector<std::byte>& bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (const std::byte b : bytes) {
    hex += kHex[std::to_integer<unsigned>(b) >> 4U];
    hex += kHex[std::to_integer<unsigned>(b) & 0xFU];
  }
  return hex;
}

inline std::vector<std::byte> to_bytes(std::string_view text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

inline std::string to_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace holdfast::test
