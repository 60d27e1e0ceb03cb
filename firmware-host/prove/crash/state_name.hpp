// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::prove {

/// How far a log had come when the power went, and which variant of what survived (images.hpp).
struct CutName {
  std::size_t point = 0;
  std::size_t variant = 0;
};

/// Names one image: the workload of a round, and the cut. With a second cut: the power went again while the product
/// opened that image and wrote to it.
struct StateName {
  std::uint64_t round = 0;
  CutName first;
  std::optional<CutName> second;

  [[nodiscard]] std::string text() const;  ///< "3.1250.17", "3.1250.17+40.2"
  [[nodiscard]] static Result<StateName> parse(std::string_view text);
};

}  // namespace holdfast::prove
