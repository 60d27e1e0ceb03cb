// SPDX-License-Identifier: MIT
#include "base/crc32c.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>

namespace holdfast::base {
namespace {

std::vector<std::byte> counting(int first, int step) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<std::byte>(first + i * step));
  return bytes;
}

// RFC 3720 appendix B.4; it prints the bytes of the checksum in the order of the wire, the lowest first.
TEST(Crc32c, agrees_with_rfc_3720) {
  EXPECT_EQ(crc32c(counting(0, 0)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(counting(0xFF, 0)), 0x62A8AB43U);
  EXPECT_EQ(crc32c(counting(0, 1)), 0x46DD794EU);
  EXPECT_EQ(crc32c(counting(31, -1)), 0x113FDB5CU);
  const std::array<std::uint8_t, 48> scsi_read = {
      0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
      0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  EXPECT_EQ(crc32c(std::as_bytes(std::span(scsi_read))), 0xD9963A56U);
}

TEST(Crc32c, has_the_check_value_of_the_catalogue) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, continues_at_any_cut) {
  constexpr std::string_view kText = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes_of(kText.substr(cut)), crc32c(bytes_of(kText.substr(0, cut)))),
              crc32c(bytes_of(kText)));
  }
}

TEST(Crc32c, is_the_same_with_and_without_an_instruction_at_any_length_and_place) {
  std::vector<std::byte> bytes;
  for (unsigned i = 0; i < 80; ++i) bytes.push_back(static_cast<std::byte>((i * 37U + 11U) & 0xFFU));
  const std::span<const std::byte> all(bytes);
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t size = 0; from + size <= all.size(); ++size) {
      const auto part = all.subspan(from, size);
      EXPECT_EQ(crc32c(part), crc32c_portable(part)) << from << ' ' << size;
      EXPECT_EQ(crc32c(part, 0x12345678U), crc32c_portable(part, 0x12345678U)) << from << ' ' << size;
    }
  }
}

TEST(Crc32c, sees_every_single_bit) {
  auto bytes = counting(3, 7);
  const std::uint32_t before = crc32c(bytes);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    const auto bit = static_cast<std::byte>(1U << (i % 8));
    bytes[i / 8] ^= bit;
    EXPECT_NE(crc32c(bytes), before);
    bytes[i / 8] ^= bit;
  }
}

}  // namespace
}  // namespace holdfast::base
