// SPDX-License-Identifier: MIT
#include "prove/kill/contender.hpp"

namespace holdfast::prove {
namespace {

constexpr PerContender<std::string_view> kNames = {"commit-first", "publish-first", "holdfast"};

[[nodiscard]] std::string source_prefix(Contender contender) {
  return "urn:" + std::string(to_string(contender)) + ":";
}

}  // namespace

std::string_view to_string(Contender contender) noexcept { return kNames[index(contender)]; }

std::optional<Contender> contender(std::string_view name) noexcept {
  for (const Contender one : kAllContenders)
    if (to_string(one) == name) return one;
  return std::nullopt;
}

std::string naive_source(Contender contender, const std::string& device) {
  return source_prefix(contender) + device;
}

Contender contender_of_source(std::string_view source) noexcept {
  for (const Contender one : {Contender::commit_first, Contender::publish_first})
    if (source.starts_with(source_prefix(one))) return one;
  return Contender::holdfast;
}

}  // namespace holdfast::prove
