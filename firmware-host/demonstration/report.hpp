// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "demonstration/history.hpp"
#include "demonstration/verdict.hpp"

namespace holdfast::demo {

/// All that the demo has to say. Three renderings of it say the same.
struct Report {
  std::uint64_t seed = 0;
  std::int64_t seconds = 0;
  std::uint64_t events_per_s = 0;
  std::string environment;  ///< versions of what took part
  std::string page;         ///< where the page is written; empty: nowhere
  History history;
  Verdict verdict;
  std::vector<LedgerRow> committed;  ///< for the rates over time
  std::vector<LedgerRow> applied;

  /// What is wrong, a sentence each: of the verdict, then of the demo itself. Empty: passed.
  [[nodiscard]] std::vector<std::string> complaints() const;
  [[nodiscard]] std::string headline() const;
  [[nodiscard]] std::string command() const;  ///< to do it again
};

/// One row of the table of results.
struct Figure {
  std::string name;
  std::string value;
  std::string note;
  bool wrong = false;
};
[[nodiscard]] std::vector<Figure> figures_of(const Report& report);

[[nodiscard]] std::string to_text(const Report& report);  ///< lines for people
[[nodiscard]] std::string to_json(const Report& report);  ///< one line, no line end
[[nodiscard]] std::string to_page(const Report& report);  ///< one HTML document that loads nothing

/// Replaces each `{{name}}` of the template, once: what is put in is not looked at again. A name without a
/// value is a mistake of ours.
[[nodiscard]] std::string filled(std::string_view page,
                                 const std::vector<std::pair<std::string_view, std::string>>& values);

}  // namespace holdfast::demo
