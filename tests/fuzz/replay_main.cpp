// SPDX-License-Identifier: MIT
//
// fuzz_replay TARGET FILE...: shows the target each input once, and two truncations of it. No libFuzzer, any compiler.
// A file whose name ends in .txt holds an input per line (README.md); any other file is an input. Exit code 0: nothing
// was found. A finding aborts, and the last line of the output says which input it was.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/target.hpp"

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

char byte_of(std::string_view two_digits) {
  return static_cast<char>(std::stoi(std::string(two_digits), nullptr, 16));
}

/// "text " and the input with \xNN for what is not printable, or "hex " and its bytes. nullopt: a comment.
std::optional<std::string> input_of(std::string_view line) {
  const bool is_hex = line.starts_with("hex");
  if (!is_hex && !line.starts_with("text ")) return std::nullopt;
  line.remove_prefix(std::min<std::size_t>(is_hex ? 4 : 5, line.size()));
  std::string input;
  for (std::size_t i = 0; i < line.size();) {
    if (is_hex) {
      input += byte_of(line.substr(i, 2));
      i += 3;
    } else if (line[i] == '\\') {
      input += byte_of(line.substr(i + 2, 2));
      i += 4;
    } else {
      input += line[i++];
    }
  }
  return input;
}

std::vector<std::string> inputs_of(const std::string& path) {
  const std::string all = read(path);
  if (!path.ends_with(".txt")) return {all};
  std::vector<std::string> inputs;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    if (auto input = input_of(std::string_view(all).substr(at, end - at)))
      inputs.push_back(std::move(*input));
    at = end + 1;
  }
  return inputs;
}

void show(const holdfast::fuzz::Target& target, const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  target.run(bytes);
  target.run(bytes.first(bytes.size() / 2));
  target.run(bytes.first(bytes.size() - (bytes.empty() ? 0 : 1)));
}

const holdfast::fuzz::Target* find(std::string_view name) {
  const auto* target = holdfast::fuzz::targets();
  while (target != nullptr && target->name != name) target = target->next;
  return target;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  const auto* target = arguments.size() < 2 ? nullptr : find(arguments[0]);
  if (target == nullptr) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET FILE...\n");
    return 64;
  }
  std::size_t shown = 0;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    for (const std::string& input : inputs_of(arguments[i])) {
      std::printf("input %zu of %s\n", ++shown, arguments[i].c_str());
      std::fflush(stdout);
      show(*target, input);
    }
  }
  return shown > 0 ? 0 : 1;
}
