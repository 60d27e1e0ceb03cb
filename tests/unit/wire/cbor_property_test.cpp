// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>

#include "unit/wire/bytes.hpp"
#include "wire/cbor.hpp"

namespace holdfast::wire {

// How rapidcheck prints a counterexample.
void showValue(const CborValue& value, std::ostream& out) { out << test::to_hex(encode_cbor(value)); }

namespace {

rc::Gen<CborBytes> arbitrary_bytes() {
  return rc::gen::map(rc::gen::arbitrary<std::vector<std::uint8_t>>(),
                      [](const std::vector<std::uint8_t>& raw) {
                        CborBytes bytes;
                        for (const std::uint8_t b : raw) bytes.push_back(std::byte{b});
                        return bytes;
                      });
}

rc::Gen<std::string> arbitrary_text() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7F));
}

rc::Gen<CborValue> arbitrary_scalar() {
  const auto of = [](auto content) { return CborValue{std::move(content)}; };
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), of),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), cbor_integer),
      rc::gen::map(rc::gen::arbitrary<double>(), of),
      rc::gen::map(rc::gen::arbitrary<float>(), [](float v) { return CborValue{static_cast<double>(v)}; }),
      rc::gen::map(rc::gen::arbitrary<bool>(), of), rc::gen::map(arbitrary_text(), of),
      rc::gen::map(arbitrary_bytes(), of), rc::gen::just(CborValue{nullptr}),
      rc::gen::just(CborValue{CborUndefined{}}));
}

CborMap without_duplicates(const std::vector<std::pair<std::string, CborValue>>& pairs) {
  CborMap map;
  std::vector<std::string> names;
  for (const auto& [name, value] : pairs) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(name);
    map.push_back({CborValue{name}, value});
  }
  return map;
}

rc::Gen<CborValue> arbitrary_value(int depth) {
  if (depth == 0) return arbitrary_scalar();
  const auto inner = arbitrary_value(depth - 1);
  const auto few = [](auto gen) { return rc::gen::resize(8, std::move(gen)); };
  const auto tag = [](std::uint64_t number, CborValue value) {
    value.tags.insert(value.tags.begin(), number);
    return value;
  };
  return rc::gen::oneOf(arbitrary_scalar(),
                        rc::gen::map(few(rc::gen::container<CborArray>(inner)),
                                     [](CborArray a) { return CborValue{std::move(a)}; }),
                        rc::gen::map(few(rc::gen::container<std::vector<std::pair<std::string, CborValue>>>(
                                         rc::gen::pair(arbitrary_text(), inner))),
                                     [](const auto& pairs) { return CborValue{without_duplicates(pairs)}; }),
                        rc::gen::apply(tag, rc::gen::arbitrary<std::uint64_t>(), inner));
}

std::string text_of(const CborValue& value) { return test::to_hex(encode_cbor(value)); }

RC_GTEST_PROP(CborProperty, what_is_written_reads_back_and_writes_the_same, ()) {
  const CborValue value = *arbitrary_value(3);
  const auto bytes = encode_cbor(value);
  const auto read = decode_cbor(bytes);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->content.index() == value.content.index());
  RC_ASSERT(encode_cbor(*read) == bytes);
}

RC_GTEST_PROP(CborProperty, the_order_of_entries_does_not_matter, ()) {
  auto pairs = *rc::gen::container<std::vector<std::pair<std::string, CborValue>>>(
      rc::gen::pair(arbitrary_text(), arbitrary_scalar()));
  CborMap map = without_duplicates(pairs);
  const std::string first = text_of({map});
  std::shuffle(map.begin(), map.end(), std::mt19937_64(*rc::gen::arbitrary<std::uint64_t>()));
  RC_ASSERT(text_of({map}) == first);
}

RC_GTEST_PROP(CborProperty, any_bytes_are_refused_or_have_one_stable_rewriting, ()) {
  const auto read = decode_cbor(*arbitrary_bytes());
  if (!read) return;
  const auto bytes = encode_cbor(*read);
  const auto again = decode_cbor(bytes);
  RC_ASSERT(again.has_value());
  RC_ASSERT(encode_cbor(*again) == bytes);
}

// Random bytes rarely get far; a valid item with a few bytes changed does.
RC_GTEST_PROP(CborProperty, damaged_items_are_refused_or_have_one_stable_rewriting, ()) {
  auto bytes = encode_cbor(*arbitrary_value(3));
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
  }
  const auto read = decode_cbor(bytes);
  if (!read) return;
  const auto rewritten = encode_cbor(*read);
  const auto again = decode_cbor(rewritten);
  RC_ASSERT(again.has_value());
  RC_ASSERT(encode_cbor(*again) == rewritten);
}

}  // namespace
}  // namespace holdfast::wire
