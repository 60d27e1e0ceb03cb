// SPDX-License-Identifier: MIT
#include "program/talk.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace holdfast::program {
namespace {

[[nodiscard]] bool coloured() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return ::isatty(STDERR_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

/// One write, so that lines of several processes on one terminal do not mix.
void put(std::string_view label, std::string_view colour, std::string_view text) {
  std::string line = "holdfast: ";
  if (!label.empty()) {
    line += coloured() ? std::string(colour) + std::string(label) + "\033[0m" : std::string(label);
    line += ": ";
  }
  line += printable(text);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void say(std::string_view text) { put({}, {}, text); }
void warn(std::string_view text) { put("warning", "\033[33m", text); }

int report(const Trouble& trouble) {
  put("error", "\033[31m", trouble.error.text());
  return trouble.exit_code;
}

bool print_line(std::string_view line) {
  const std::size_t wrote = std::fwrite(line.data(), 1, line.size(), stdout);
  const bool ended = std::fputc('\n', stdout) != EOF;
  return wrote == line.size() && ended && std::fflush(stdout) == 0;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (std::size_t at = 0; at < clean.size(); ++at) {
    const auto byte = static_cast<unsigned char>(clean[at]);
    const bool is_c1 =
        byte == 0xC2 && at + 1 < clean.size() && static_cast<unsigned char>(clean[at + 1]) < 0xA0;
    if (is_c1) clean[at + 1] = clean[at] = '?';
    if (byte < 0x20 || byte == 0x7F) clean[at] = ' ';
  }
  return clean;
}

}  // namespace holdfast::program
