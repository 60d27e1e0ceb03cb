// SPDX-License-Identifier: MIT
#include "support/temp_dir.hpp"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <utility>

#include <holdfast/check.hpp>

namespace holdfast::test_support {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "holdfast-XXXXXX").string();
  HOLDFAST_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(std::string_view name, std::string_view content) const {
  const std::filesystem::path file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << content;
  HOLDFAST_CHECK(out.good());
  return file.string();
}

std::string read_file(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream text;  // in blocks: byte by byte, an image of a store took longer than opening it
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace holdfast::test_support
