// SPDX-License-Identifier: MIT
#include <holdfast/event.hpp>

#include "base/text.hpp"

namespace holdfast {

std::string Epoch::text() const { return base::hex64(bits); }

Result<Epoch> Epoch::parse(std::string_view text) {
  const auto bits = base::parse_hex64(text);
  if (!bits) return fail(ErrorCode::invalid, "read epoch", "an epoch is 16 lower-case hexadecimal digits");
  return Epoch{*bits};
}

std::string EventId::text() const { return epoch.text() + '-' + lane + '-' + std::to_string(seq); }

}  // namespace holdfast
