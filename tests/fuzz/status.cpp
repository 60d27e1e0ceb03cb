// SPDX-License-Identifier: MIT
//
// A status file is read by whoever looks, and may hold anything.
#include <holdfast/check.hpp>

#include "base/text.hpp"
#include "fuzz/input.hpp"
#include "program/status_report.hpp"

namespace holdfast::program {

HOLDFAST_FUZZ_TARGET(status) {
  const std::string_view json = fuzz::text_of(input);
  const auto text = status_text(json);
  (void)status_author(json);
  if (!text) return;
  HOLDFAST_CHECK(base::is_utf8(*text));
  for (const char c : *text)
    HOLDFAST_CHECK(c == '\n' || static_cast<unsigned char>(c) >= 0x20);  // a terminal's orders
}

}  // namespace holdfast::program
