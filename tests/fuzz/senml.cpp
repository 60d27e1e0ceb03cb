// SPDX-License-Identifier: MIT
//
// A pack that is accepted can be written, reads back as the same, and resolves into one that stays as it is.
#include <holdfast/check.hpp>
#include <holdfast/senml.hpp>

#include "fuzz/input.hpp"

namespace holdfast::senml {
namespace {

void resolve_twice(const Pack& pack, std::optional<double> now_s) {
  const auto resolved = resolve(pack, now_s);
  if (!resolved || resolved->empty()) return;  // base fields alone resolve to nothing
  HOLDFAST_CHECK(encode(*resolved).has_value());
  for (std::size_t i = 1; i < resolved->size(); ++i)
    HOLDFAST_CHECK((*resolved)[i - 1].time.value_or(0) <= (*resolved)[i].time.value_or(0));
  if (!now_s) {
    const auto again = resolve(*resolved, now_s);
    HOLDFAST_CHECK(again && *again == *resolved);
  }
}

}  // namespace

HOLDFAST_FUZZ_TARGET(senml) {
  const auto pack = decode(input);
  if (!pack) return;
  const auto bytes = encode(*pack);
  HOLDFAST_CHECK(bytes.has_value());
  const auto again = decode(*bytes);
  HOLDFAST_CHECK(again && *again == *pack);
  HOLDFAST_CHECK(*encode(*again) == *bytes);
  resolve_twice(*pack, std::nullopt);
  resolve_twice(*pack, 1'700'000'000.0);
}

}  // namespace holdfast::senml
