// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <holdfast/limits.hpp>
#include <holdfast/result.hpp>

/// JSON (RFC 8259): bounded reading by nlohmann's SAX parser into a small value model, and writing of
/// objects.
namespace holdfast::wire {

struct JsonValue;
struct JsonMember;

/// A number that is no int64: it has a fraction or an exponent, or it is out of range. Nothing here needs
/// one.
struct JsonOtherNumber {};

using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<JsonMember>;  ///< in document order, no name twice

struct JsonValue {
  std::variant<std::nullptr_t, bool, std::int64_t, JsonOtherNumber, std::string, JsonArray, JsonObject>
      content;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

struct JsonLimits {
  std::size_t depth_max = 16;      ///< arrays and objects inside one another
  std::size_t items_max = 65'536;  ///< values, names not counted
  std::size_t bytes_max = limits::kMessageBytesMax;
  /// Arrays and objects nested deeper are checked like the rest, but their content is not kept.
  std::size_t depth_kept = std::numeric_limits<std::size_t>::max();
};

/// One JSON text. `invalid`: not RFC 8259, a byte order mark, bad UTF-8, an object with a name twice,
/// trailing bytes, or a number beyond double. `too_large`: over a limit.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The value of the object's member number `index`, byte for byte. `object` has passed parse_json().
[[nodiscard]] std::string_view raw_member(std::string_view object, std::size_t index);

/// The member called `name`, or nullptr.
[[nodiscard]] const JsonValue* find_member(const JsonObject& object, std::string_view name) noexcept;

/// Writes one object, members in the order of the calls. Names and texts are UTF-8; a name is given once.
class JsonObjectWriter {
 public:
  void text(std::string_view name, std::string_view value);
  void integer(std::string_view name, std::int64_t value);
  void raw(std::string_view name, std::string_view json);  ///< `json` is a JSON text
  [[nodiscard]] std::string finish() &&;

 private:
  void name(std::string_view name);
  std::string json_ = "{";
};

}  // namespace holdfast::wire
