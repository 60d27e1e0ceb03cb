// SPDX-License-Identifier: MIT
#include "wire/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include <holdfast/check.hpp>

namespace holdfast::wire {
namespace {

constexpr const char* kWhere = "read JSON";

// nlohmann's SAX interface by name. A member that returns false ends the parse.
class TreeBuilder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit TreeBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() { return add({nullptr}) != nullptr; }
  bool boolean(bool value) { return add({value}) != nullptr; }
  bool number_integer(number_integer_t value) { return add({std::int64_t{value}}) != nullptr; }
  bool number_unsigned(number_unsigned_t value) {
    const bool fits = value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    return add(fits ? JsonValue{static_cast<std::int64_t>(value)} : JsonValue{JsonOtherNumber{}}) != nullptr;
  }
  bool number_float(number_float_t, const string_t&) { return add({JsonOtherNumber{}}) != nullptr; }
  bool string(string_t& value) { return add({std::move(value)}) != nullptr; }
  bool binary(binary_t&) { return refuse(ErrorCode::invalid, "not JSON"); }
  bool start_object(std::size_t) { return open({JsonObject{}}); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open({JsonArray{}}); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    if (!open_.back().names.insert(name).second) return refuse(ErrorCode::invalid, "a name stands twice");
    name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    return refuse(ErrorCode::invalid, "not JSON at byte " + std::to_string(position));
  }

  Result<JsonValue> finish(bool parsed) {
    if (!parsed) return tl::unexpected(std::move(error_));
    return std::move(root_);
  }

 private:
  struct Open {
    JsonValue* kept;              // where children go; null: they are not kept
    std::set<std::string> names;  // of an object, so far
  };

  bool refuse(ErrorCode code, std::string hint) {
    error_ = Error{code, 0, kWhere, std::move(hint)};
    return false;
  }

  // Puts a value where it belongs. The answer is null after a refusal, and points to spare_ for one that is
  // not kept.
  JsonValue* add(JsonValue value) {
    if (++items_ > limits_.items_max) {
      refuse(ErrorCode::too_large, "too many values");
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    JsonValue* parent = open_.back().kept;
    if (parent == nullptr) return &spare_;
    if (auto* array = std::get_if<JsonArray>(&parent->content)) return &array->emplace_back(std::move(value));
    auto& object = std::get<JsonObject>(parent->content);
    object.push_back({std::move(name_), std::move(value)});
    return &object.back().value;
  }

  bool open(JsonValue value) {
    if (open_.size() >= limits_.depth_max) return refuse(ErrorCode::too_large, "nested too deeply");
    JsonValue* added = add(std::move(value));
    if (added == nullptr) return false;
    const bool keep = added != &spare_ && open_.size() < limits_.depth_kept;
    open_.push_back({keep ? added : nullptr, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  JsonValue root_;
  JsonValue spare_;
  std::vector<Open> open_;
  std::string name_;
  std::size_t items_ = 0;
  Error error_;
};

// A scanner over text that is known to be JSON, so it needs no error path.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (is_space(peek())) ++at_;
  }
  void skip_mark() {  // { or : or , with the space around it
    skip_space();
    ++at_;
    skip_space();
  }
  std::string_view value() {
    const std::size_t begin = at_;
    const char first = peek();
    if (first == '"') {
      skip_string();
    } else if (first == '{' || first == '[') {
      skip_nested();
    } else {
      while (at_ < text_.size() && !is_space(peek()) && peek() != ',' && peek() != '}') ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  [[nodiscard]] char peek() const {
    HOLDFAST_CHECK(at_ < text_.size());
    return text_[at_];
  }

  void skip_string() {
    for (++at_; peek() != '"'; ++at_) {
      if (peek() == '\\') ++at_;
    }
    ++at_;
  }

  void skip_nested() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void append_string(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 0xFU]};
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  json += '"';
}

}  // namespace

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.size() > limits.bytes_max) return fail(ErrorCode::too_large, kWhere, "too many bytes");
  // The parser would skip the mark, and take a NUL for the end of the text whatever follows it.
  if (text.starts_with(kByteOrderMark)) return fail(ErrorCode::invalid, kWhere, "a byte order mark");
  if (text.find('\0') != text.npos) return fail(ErrorCode::invalid, kWhere, "a NUL byte");
  TreeBuilder builder(limits);
  const bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.finish(parsed);
}

std::string_view raw_member(std::string_view object, std::size_t index) {
  Scanner scanner(object);
  for (;; --index) {
    scanner.skip_mark();  // { or ,
    scanner.value();      // the name
    scanner.skip_mark();  // :
    const std::string_view value = scanner.value();
    if (index == 0) return value;
  }
}

const JsonValue* find_member(const JsonObject& object, std::string_view name) noexcept {
  const auto found =
      std::find_if(object.begin(), object.end(), [&](const JsonMember& m) { return m.name == name; });
  return found == object.end() ? nullptr : &found->value;
}

void JsonObjectWriter::name(std::string_view name) {
  if (json_.size() > 1) json_ += ',';
  append_string(json_, name);
  json_ += ':';
}

void JsonObjectWriter::text(std::string_view name, std::string_view value) {
  this->name(name);
  append_string(json_, value);
}

void JsonObjectWriter::integer(std::string_view name, std::int64_t value) {
  raw(name, std::to_string(value));
}

void JsonObjectWriter::raw(std::string_view name, std::string_view json) {
  this->name(name);
  json_ += json;
}

std::string JsonObjectWriter::finish() && { return std::move(json_) + '}'; }

}  // namespace holdfast::wire
