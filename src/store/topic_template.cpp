// SPDX-License-Identifier: MIT
#include "store/topic_template.hpp"

#include <holdfast/limits.hpp>

#include "base/text.hpp"

namespace holdfast::store {
namespace {

bool is_prefix(std::string_view prefix) {
  return base::is_topic(prefix) && prefix.size() <= limits::kPrefixBytesMax && prefix.front() != '/' &&
         prefix.front() != '$' && prefix.back() != '/';
}

}  // namespace

Result<TopicTemplate> TopicTemplate::parse(std::string_view text, std::string prefix, std::string device) {
  if (!is_prefix(prefix)) {
    return fail(ErrorCode::invalid, "read topic_prefix",
                "it must be 1 to 128 bytes without wildcards, not begin with / or $, and not end with /");
  }
  TopicTemplate result;
  const auto add_text = [&](std::string_view piece) {
    if (result.pieces_.empty() || result.pieces_.back().part != Part::text)
      result.pieces_.push_back({Part::text, {}});
    result.pieces_.back().text += piece;
  };
  result.reserved_ = prefix + '/' + device + "/~";
  while (!text.empty()) {
    const auto open = text.find('{');
    if (open != 0) {
      add_text(text.substr(0, open));
      text.remove_prefix(std::min(open, text.size()));
      continue;
    }
    const auto close = text.find('}');
    const std::string_view name = text.substr(0, close == std::string_view::npos ? close : close + 1);
    if (name == "{prefix}") {
      add_text(prefix);
    } else if (name == "{device}") {
      add_text(device);
    } else if (name == "{lane}") {
      result.pieces_.push_back({Part::lane, {}});
    } else if (name == "{key}") {
      result.pieces_.push_back({Part::key, {}});
    } else {
      return fail(ErrorCode::invalid, "read topic_template",
                  "unknown placeholder " + std::string(name) + "; there are {prefix} {device} {lane} {key}");
    }
    text.remove_prefix(name.size());
  }
  if (!base::is_topic(result.render("lane", "key"))) {
    return fail(ErrorCode::invalid, "read topic_template",
                "it does not give a topic: no wildcards, not empty");
  }
  return result;
}

std::string TopicTemplate::render(std::string_view lane, std::string_view key) const {
  std::string topic;
  render_into(topic, lane, key);
  return topic;
}

void TopicTemplate::render_into(std::string& topic, std::string_view lane, std::string_view key) const {
  topic.clear();
  for (const Piece& piece : pieces_) {
    switch (piece.part) {
      case Part::text: topic += piece.text; break;
      case Part::lane: topic += lane; break;
      case Part::key: base::append_percent_encoded(topic, key); break;
    }
  }
}

bool TopicTemplate::is_reserved(std::string_view topic) const { return topic.starts_with(reserved_); }

}  // namespace holdfast::store
