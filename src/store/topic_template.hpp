// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store {

/// "{prefix}/{device}/{lane}/{key}", taken apart once. The key is percent-encoded, so it is one topic level.
class TopicTemplate {
 public:
  /// `invalid`: an unknown placeholder, a wildcard, or a prefix that is no topic.
  [[nodiscard]] static Result<TopicTemplate> parse(std::string_view text, std::string prefix,
                                                   std::string device);

  [[nodiscard]] std::string render(std::string_view lane, std::string_view key) const;
  /// The same into a buffer that is used again.
  void render_into(std::string& topic, std::string_view lane, std::string_view key) const;
  /// Topics below "{prefix}/{device}/~" belong to Holdfast's own records.
  [[nodiscard]] bool is_reserved(std::string_view topic) const;

 private:
  enum class Part : unsigned char { text, lane, key };
  struct Piece {
    Part part;
    std::string text;
  };
  std::vector<Piece> pieces_;
  std::string reserved_;
};

}  // namespace holdfast::store
