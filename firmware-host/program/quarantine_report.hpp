// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <holdfast/outbox.hpp>

namespace holdfast::program {

/// What `holdfast quarantine list` prints: one JSON document, or a table without its last line break.
[[nodiscard]] std::string quarantine_json(const std::vector<QuarantinedEvent>& events);
[[nodiscard]] std::string quarantine_table(const std::vector<QuarantinedEvent>& events);

/// "3", "3-7", "3-" or "all".
struct SeqSpan {
  std::int64_t first = 1;
  std::int64_t last = INT64_MAX;
};
[[nodiscard]] Result<SeqSpan> parse_seqs(std::string_view text);

}  // namespace holdfast::program
