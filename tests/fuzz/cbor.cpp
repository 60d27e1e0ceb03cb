// SPDX-License-Identifier: MIT
//
// What the CBOR reader accepts is written again, deterministically, and read back as the same.
#include "wire/cbor.hpp"

#include <holdfast/check.hpp>

#include "fuzz/input.hpp"

namespace holdfast::wire {
namespace {

std::size_t items_of(const CborValue& value) {
  std::size_t items = 1 + value.tags.size();
  if (const auto* array = std::get_if<CborArray>(&value.content)) {
    for (const CborValue& element : *array) items += items_of(element);
  }
  if (const auto* map = std::get_if<CborMap>(&value.content)) {
    for (const CborEntry& entry : *map) items += items_of(entry.key) + items_of(entry.value);
  }
  return items;
}

}  // namespace

HOLDFAST_FUZZ_TARGET(cbor) {
  const auto value = decode_cbor(input);
  const CborLimits small = {.depth_max = 3, .items_max = 8, .bytes_max = 64};
  const auto in_small = decode_cbor(input, small);
  if (!value) {
    HOLDFAST_CHECK(!in_small);
    HOLDFAST_CHECK(value.error().code == ErrorCode::invalid || value.error().code == ErrorCode::too_large);
    return;
  }
  HOLDFAST_CHECK(!in_small || items_of(*in_small) <= small.items_max);
  const auto bytes = encode_cbor(*value);
  const auto again = decode_cbor(bytes);
  HOLDFAST_CHECK(again.has_value());
  HOLDFAST_CHECK(encode_cbor(*again) == bytes);
  HOLDFAST_CHECK(items_of(*again) == items_of(*value));
  if (const auto number = as_int64(*value)) HOLDFAST_CHECK(encode_cbor(cbor_integer(*number)) == bytes);
}

}  // namespace holdfast::wire
