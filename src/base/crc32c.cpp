// SPDX-License-Identifier: MIT
//
// Each row is checked when it is written and when it is read, so this is on the hot path. Processors with an
// instruction for this very checksum do eight bytes at a time with it; all others look eight bytes up.
#include "base/crc32c.hpp"

#include <array>
#include <cstring>

namespace holdfast::base {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight: table[k][b] is the checksum of byte b followed by k zero bytes.
constexpr Table make_table() {
  Table table{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    table[0][b] = crc;
  }
  for (std::size_t k = 1; k < table.size(); ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = table[k - 1][b];
      table[k][b] = (before >> 8U) ^ table[0][before & 0xFFU];
    }
  }
  return table;
}

constexpr Table kTable = make_table();

std::uint32_t by_table(std::span<const std::byte> bytes, std::uint32_t crc) noexcept {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  while (bytes.size() >= 8) {
    const std::uint32_t low = crc ^ (at(0) | at(1) << 8U | at(2) << 16U | at(3) << 24U);
    crc = kTable[7][low & 0xFFU] ^ kTable[6][(low >> 8U) & 0xFFU] ^ kTable[5][(low >> 16U) & 0xFFU] ^
          kTable[4][low >> 24U] ^ kTable[3][at(4)] ^ kTable[2][at(5)] ^ kTable[1][at(6)] ^ kTable[0][at(7)];
    bytes = bytes.subspan(8);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) crc = (crc >> 8U) ^ kTable[0][(crc ^ at(i)) & 0xFFU];
  return crc;
}

// x86-64: whether there is SSE 4.2 is found out when the program runs. 64-bit ARM: it is known when it is
// compiled, since asking takes a header of the operating system; -march=armv8-a+crc says that it is there.
// g++ only: clang names the instruction in a header.
#if defined(__x86_64__)
#define HOLDFAST_CRC_TARGET __attribute__((target("sse4.2")))
bool have_instruction() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
HOLDFAST_CRC_TARGET inline std::uint32_t step(std::uint32_t crc, std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(__builtin_ia32_crc32di(crc, word));
}
HOLDFAST_CRC_TARGET inline std::uint32_t step(std::uint32_t crc, std::uint8_t byte) noexcept {
  return __builtin_ia32_crc32qi(crc, byte);
}
#elif defined(__ARM_FEATURE_CRC32) && defined(__AARCH64EL__) && !defined(__clang__)
#define HOLDFAST_CRC_TARGET
constexpr bool have_instruction() noexcept { return true; }
inline std::uint32_t step(std::uint32_t crc, std::uint64_t word) noexcept {
  return __builtin_aarch64_crc32cx(crc, word);
}
inline std::uint32_t step(std::uint32_t crc, std::uint8_t byte) noexcept {
  return __builtin_aarch64_crc32cb(crc, byte);
}
#endif

#if defined(HOLDFAST_CRC_TARGET)
HOLDFAST_CRC_TARGET std::uint32_t by_instruction(std::span<const std::byte> bytes,
                                                 std::uint32_t crc) noexcept {
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    crc = step(crc, word);
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) crc = step(crc, std::to_integer<std::uint8_t>(byte));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
#if defined(HOLDFAST_CRC_TARGET)
  if (have_instruction()) return ~by_instruction(bytes, ~previous);
#endif
  return crc32c_portable(bytes, previous);
}

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  return ~by_table(bytes, ~previous);
}

}  // namespace holdfast::base
