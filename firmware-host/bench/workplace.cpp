// SPDX-License-Identifier: MIT
#include "bench/workplace.hpp"

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <utility>

namespace holdfast::bench {
namespace {

constexpr std::array kFiles = {kOurFile, kSmallFile, kRawFile, kGrowthFile, kControlFile};

}  // namespace

Result<Workplace> Workplace::make(const std::string& directory) {
  std::error_code error;
  if (!directory.empty()) {
    for (const char* name : kFiles) {
      if (std::filesystem::exists(directory + "/" + name, error))
        return fail(ErrorCode::invalid, "use " + directory,
                    "there is a file " + std::string(name) + " in it; take another directory");
    }
    std::filesystem::create_directories(directory, error);
    if (error) return fail(ErrorCode::io_error, "make " + directory, error.message(), error.value());
    return Workplace(std::filesystem::absolute(directory).string(), false);
  }
  std::string name = (std::filesystem::current_path(error) / "holdfast-bench-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::io_error, "make " + name, "cannot make it; name another place with --dir");
  return Workplace(std::move(name), true);
}

Workplace::Workplace(Workplace&& other) noexcept
    : path_(std::exchange(other.path_, {})), is_temporary_(other.is_temporary_) {}

Workplace::~Workplace() {
  if (path_.empty()) return;  // moved away
  std::error_code ignored;
  if (is_temporary_) {
    std::filesystem::remove_all(path_, ignored);
  } else {
    for (const char* name : kFiles) remove_database(*this / name);
  }
}

void Workplace::remove_database(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix, ignored);
}

StoreOptions measured_store(std::string path, std::uint64_t budget_bytes) {
  StoreOptions options;
  options.path = std::move(path);
  options.device = "bench";
  options.lanes = {{.name = kLane}};
  options.budget_bytes = budget_bytes;
  options.footprint = Footprint::constant;
  options.retention_bytes = 0;
  return options;
}

}  // namespace holdfast::bench
