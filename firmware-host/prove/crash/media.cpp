// SPDX-License-Identifier: MIT
#include "prove/crash/media.hpp"

#include <algorithm>
#include <string>

namespace holdfast::prove {

Result<Media> media_of(std::string_view name) {
  const auto found = std::find(kMediaNames.begin(), kMediaNames.end(), name);
  if (found != kMediaNames.end()) return static_cast<Media>(found - kMediaNames.begin());
  return fail(ErrorCode::invalid, "choose the medium '" + std::string(name) + "'",
              "it is honest, lying, rollback, bitrot or collateral");
}

}  // namespace holdfast::prove
