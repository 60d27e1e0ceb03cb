// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

/// A fuzz target is a function that takes any bytes, and aborts (HOLDFAST_CHECK) when the product breaks a promise. Each
/// file of this folder defines one by HOLDFAST_FUZZ_TARGET(name) { ... input ... }. libFuzzer runs it in a program of
/// its own (libfuzzer_main.cpp); replay_main.cpp has all of them and shows them the files of corpus/NAME, with any
/// compiler. The same input always does the same.
namespace holdfast::fuzz {

using Bytes = std::span<const std::byte>;

struct Target {
  std::string_view name;
  void (*run)(Bytes input);
  const Target* next;
};

/// Of this program, linked by `next`.
[[nodiscard]] const Target*& targets() noexcept;

struct Registration {
  Target target;
  Registration(std::string_view name, void (*run)(Bytes)) : target{name, run, targets()} {
    targets() = &target;
  }
};

}  // namespace holdfast::fuzz

#define HOLDFAST_FUZZ_TARGET(name)                                                     \
  static void run_##name(::holdfast::fuzz::Bytes input);                               \
  static const ::holdfast::fuzz::Registration registration_##name(#name, &run_##name); \
  static void run_##name([[maybe_unused]] ::holdfast::fuzz::Bytes input)
