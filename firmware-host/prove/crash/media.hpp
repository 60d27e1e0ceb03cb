// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/result.hpp>
#include <string_view>

/// Which medium loses its power, and what it does to what had been flushed.
///
/// On honest media nothing that was told durable is lost (oracle.hpp). No store can promise that of the others; what it
/// promises there is that damage is detected and declared, never silent (worn_oracle.hpp).
namespace holdfast::prove {

enum class Media : std::uint8_t {
  honest,      ///< flushes are kept; the 4 KiB block that was being programmed may be destroyed
  lying,       ///< the last flushes were acknowledged and not made
  rollback,    ///< the whole device is as a power cut at an earlier moment would have left it
  bitrot,      ///< bits, or some bytes in a row, of what lay on the medium have turned
  collateral,  ///< the aligned 16 KiB around the block that was being programmed is destroyed
};
inline constexpr std::array<std::string_view, 5> kMediaNames = {"honest", "lying", "rollback", "bitrot",
                                                                "collateral"};
[[nodiscard]] constexpr std::string_view to_string(Media media) noexcept {
  return kMediaNames[static_cast<std::size_t>(media)];
}
/// `invalid`: there is no medium of that name.
[[nodiscard]] Result<Media> media_of(std::string_view name);

}  // namespace holdfast::prove
