// SPDX-License-Identifier: MIT
#include <cbor.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "wire/cbor.hpp"

namespace holdfast::wire {
namespace {

// What libcbor's stateless decoder says about one head (and the bytes of a definite string).
enum class Kind : std::uint8_t {
  unsigned_integer,
  negative_integer,
  bytes,
  text,
  array,
  map,
  open_bytes,  // open_*: of indefinite length, ended by end_of_open
  open_text,
  open_array,
  open_map,
  tag,
  floating,
  boolean,
  null,
  undefined,
  end_of_open,
};

struct Token {
  Kind kind = Kind::null;
  std::uint64_t number = 0;  // value, tag number, count, or 1 for true
  double floating = 0;
  std::span<const std::byte> payload = {};
};

Token& token_of(void* context) { return *static_cast<Token*>(context); }

// Templates, because the type of a length is size_t in libcbor 0.8 and uint64_t from 0.9 on.
template <Kind kind, class Number>
void on_number(void* context, Number value) {
  token_of(context) = {.kind = kind, .number = std::uint64_t{value}};
}

template <Kind kind, class Length>
void on_string(void* context, cbor_data data, Length length) {
  const auto bytes = std::as_bytes(std::span(data, static_cast<std::size_t>(length)));
  token_of(context) = {.kind = kind, .payload = bytes};
}

template <class Float>
void on_float(void* context, Float value) {
  token_of(context) = {.kind = Kind::floating, .floating = static_cast<double>(value)};
}

template <Kind kind>
void on_mark(void* context) {
  token_of(context) = {.kind = kind};
}

cbor_callbacks make_callbacks() {
  cbor_callbacks callbacks = cbor_empty_callbacks;
  callbacks.uint8 = on_number<Kind::unsigned_integer>;
  callbacks.uint16 = on_number<Kind::unsigned_integer>;
  callbacks.uint32 = on_number<Kind::unsigned_integer>;
  callbacks.uint64 = on_number<Kind::unsigned_integer>;
  callbacks.negint8 = on_number<Kind::negative_integer>;
  callbacks.negint16 = on_number<Kind::negative_integer>;
  callbacks.negint32 = on_number<Kind::negative_integer>;
  callbacks.negint64 = on_number<Kind::negative_integer>;
  callbacks.byte_string = on_string<Kind::bytes>;
  callbacks.byte_string_start = on_mark<Kind::open_bytes>;
  callbacks.string = on_string<Kind::text>;
  callbacks.string_start = on_mark<Kind::open_text>;
  callbacks.array_start = on_number<Kind::array>;
  callbacks.indef_array_start = on_mark<Kind::open_array>;
  callbacks.map_start = on_number<Kind::map>;
  callbacks.indef_map_start = on_mark<Kind::open_map>;
  callbacks.tag = on_number<Kind::tag>;
  callbacks.float2 = on_float;
  callbacks.float4 = on_float;
  callbacks.float8 = on_float;
  callbacks.boolean = on_number<Kind::boolean>;
  callbacks.null = on_mark<Kind::null>;
  callbacks.undefined = on_mark<Kind::undefined>;
  callbacks.indef_break = on_mark<Kind::end_of_open>;
  return callbacks;
}

// A string, array or map that claims 2^32 or more: no input we look at is that long, and libcbor 0.8 cuts the
// length to size_t before it compares, which has 32 bits on armhf.
bool claims_too_much(std::span<const std::byte> rest) {
  const auto lead = std::to_integer<unsigned>(rest[0]);
  const bool has_eight_byte_length = lead >= 0x40 && lead < 0xC0 && (lead & 0x1FU) == 27;
  if (!has_eight_byte_length || rest.size() < 9) return false;
  return std::any_of(rest.begin() + 1, rest.begin() + 5, [](std::byte b) { return b != std::byte{0}; });
}

// A tag number below 24 stands in the initial byte. libcbor 0.8 refuses 6 to 20, which were unassigned once.
std::optional<std::uint64_t> tag_in_one_byte(std::byte initial) {
  const auto lead = std::to_integer<std::uint64_t>(initial);
  return lead >= 0xC0 && lead < 0xD8 ? std::optional(lead - 0xC0) : std::nullopt;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool has_duplicate_key(const CborMap& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const CborEntry& entry : map) keys.push_back(encoded_key(entry.key));
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

// Recursive descent, as deep as depth_max. Members return false once error_ is set.
class Decoder {
 public:
  Decoder(std::span<const std::byte> bytes, const CborLimits& limits) : rest_(bytes), limits_(limits) {}

  Result<CborValue> document() {
    CborValue value;
    if (!item(value, 0)) return tl::unexpected(std::move(error_));
    if (!rest_.empty()) return fail(ErrorCode::invalid, kWhere, "bytes follow the data item");
    return value;
  }

 private:
  static constexpr const char* kWhere = "decode CBOR";

  bool refuse(ErrorCode code, const char* hint) {
    error_ = Error{code, 0, kWhere, hint};
    return false;
  }

  bool next(Token& token) {
    static const cbor_callbacks kCallbacks = make_callbacks();
    if (++items_ > limits_.items_max) return refuse(ErrorCode::too_large, "too many data items");
    if (rest_.empty()) return refuse(ErrorCode::invalid, "the input ends inside a data item");
    if (claims_too_much(rest_)) return refuse(ErrorCode::invalid, "a length is beyond the input");
    if (const auto tag = tag_in_one_byte(rest_[0])) {
      token = {.kind = Kind::tag, .number = *tag};
      rest_ = rest_.subspan(1);
      return true;
    }
    const auto* data = reinterpret_cast<const unsigned char*>(rest_.data());
    const cbor_decoder_result result = cbor_stream_decode(data, rest_.size(), &kCallbacks, &token);
    if (result.status == CBOR_DECODER_NEDATA) return refuse(ErrorCode::invalid, "the input ends in an item");
    if (result.status != CBOR_DECODER_FINISHED) return refuse(ErrorCode::invalid, "a reserved initial byte");
    rest_ = rest_.subspan(result.read);
    return true;
  }

  bool item(CborValue& value, std::size_t depth) {
    Token token;
    return next(token) && item(value, token, depth);
  }

  bool item(CborValue& value, Token token, std::size_t depth) {
    for (; token.kind == Kind::tag; ++depth) {
      if (depth >= limits_.depth_max) return refuse(ErrorCode::too_large, "nested too deeply");
      value.tags.push_back(token.number);
      if (!next(token)) return false;
    }
    switch (token.kind) {
      case Kind::unsigned_integer: value.content = token.number; return true;
      case Kind::negative_integer: value.content = CborNegative{token.number}; return true;
      case Kind::floating: value.content = token.floating; return true;
      case Kind::boolean: value.content = token.number != 0; return true;
      case Kind::null: value.content = nullptr; return true;
      case Kind::undefined: value.content = CborUndefined{}; return true;
      case Kind::bytes: return append(value.content.emplace<CborBytes>(), token);
      case Kind::text: return append(value.content.emplace<std::string>(), token);
      case Kind::open_bytes: return chunks(value.content.emplace<CborBytes>(), Kind::bytes);
      case Kind::open_text: return chunks(value.content.emplace<std::string>(), Kind::text);
      case Kind::array:
      case Kind::open_array: return array(value.content.emplace<CborArray>(), token, depth + 1);
      case Kind::map:
      case Kind::open_map: return map(value.content.emplace<CborMap>(), token, depth + 1);
      case Kind::tag:
      case Kind::end_of_open: break;
    }
    return refuse(ErrorCode::invalid, "a break where an item should be");
  }

  bool append(CborBytes& bytes, const Token& token) {
    bytes.insert(bytes.end(), token.payload.begin(), token.payload.end());
    return true;
  }

  bool append(std::string& text, const Token& token) {
    if (!base::is_utf8(text_of(token.payload))) return refuse(ErrorCode::invalid, "text is not UTF-8");
    text += text_of(token.payload);
    return true;
  }

  template <class String>
  bool chunks(String& string, Kind kind) {
    Token token;
    while (next(token)) {
      if (token.kind == Kind::end_of_open) return true;
      if (token.kind != kind) return refuse(ErrorCode::invalid, "a chunk of another type");
      if (!append(string, token)) return false;
    }
    return false;
  }

  // Sets `done` at the end of the collection; else `token` begins its next element.
  bool next_element(const Token& head, std::uint64_t taken, Token& token, bool& done) {
    const bool definite = head.kind == Kind::array || head.kind == Kind::map;
    done = definite && taken == head.number;
    if (done) return true;
    if (!next(token)) return false;
    done = !definite && token.kind == Kind::end_of_open;
    return true;
  }

  bool array(CborArray& elements, const Token& head, std::size_t depth) {
    if (depth > limits_.depth_max) return refuse(ErrorCode::too_large, "nested too deeply");
    Token token;
    for (bool done = false;;) {
      if (!next_element(head, elements.size(), token, done)) return false;
      if (done) return true;
      if (!item(elements.emplace_back(), token, depth)) return false;
    }
  }

  bool map(CborMap& entries, const Token& head, std::size_t depth) {
    if (depth > limits_.depth_max) return refuse(ErrorCode::too_large, "nested too deeply");
    Token token;
    for (bool done = false;;) {
      if (!next_element(head, entries.size(), token, done)) return false;
      if (done) break;
      CborEntry& entry = entries.emplace_back();
      if (!item(entry.key, token, depth) || !item(entry.value, depth)) return false;
    }
    return !has_duplicate_key(entries) || refuse(ErrorCode::invalid, "a key stands twice in a map");
  }

  std::span<const std::byte> rest_;
  const CborLimits& limits_;
  std::size_t items_ = 0;
  Error error_;
};

}  // namespace

Result<CborValue> decode_cbor(std::span<const std::byte> bytes, const CborLimits& limits) {
  if (bytes.size() > limits.bytes_max) return fail(ErrorCode::too_large, "decode CBOR", "too many bytes");
  return Decoder(bytes, limits).document();
}

}  // namespace holdfast::wire
