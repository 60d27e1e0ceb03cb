// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/figure.hpp"

/// Figures for people and for programs; what is said around them is the business of each bench.
namespace holdfast::bench {

[[nodiscard]] bool every_figure_passed(const std::vector<Figure>& figures);
[[nodiscard]] std::string figures_text(
    const std::vector<Figure>& figures);  ///< the table, and what its ceilings are
[[nodiscard]] nlohmann::ordered_json figures_json(const std::vector<Figure>& figures);
/// One sentence. `why_no_verdict`: the run was too small to say more; empty: it was not.
[[nodiscard]] std::string verdict_of(const std::vector<Figure>& figures, const std::string& why_no_verdict);

}  // namespace holdfast::bench
