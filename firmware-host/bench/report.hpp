// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/figure.hpp"

namespace holdfast::bench {

/// Where it was measured.
struct Environment {
  std::string sqlite;       ///< version of the library
  std::string file_system;  ///< "ext4"
  std::string machine;      ///< "x86_64, Linux 6.1.0"
  unsigned cores = 0;
  bool optimised = false;  ///< false: this program was built for debugging, and its speeds say little
};

/// All that the bench has to say. Two renderings of it say the same.
struct Report {
  Environment environment;
  std::uint64_t rounds = 0;
  std::uint64_t events = 0;
  std::uint64_t large = 0;
  std::uint64_t large_budget_bytes = 0;
  bool quick = false;
  std::vector<Figure> figures;

  [[nodiscard]] bool every_figure_passed() const;
  /// Every figure passed, and the large rows were many: a quick run never passes.
  [[nodiscard]] bool passed() const { return !quick && every_figure_passed(); }
};

[[nodiscard]] std::string to_text(const Report& report);  ///< lines for people
[[nodiscard]] std::string to_json(const Report& report);  ///< one line, no line end

}  // namespace holdfast::bench
