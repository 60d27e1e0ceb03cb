// SPDX-License-Identifier: MIT
#include "prove/place.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

namespace holdfast::prove {

Result<Place> Place::make(const std::string& wanted) {
  std::error_code error;
  if (!wanted.empty()) {
    const bool is_new = std::filesystem::create_directories(wanted, error);
    if (error) return fail(ErrorCode::io_error, "make " + wanted, error.message(), error.value());
    if (!is_new && !std::filesystem::is_empty(wanted, error))
      return fail(ErrorCode::invalid, "use " + wanted, "it is not empty; take another directory");
    return Place(std::filesystem::absolute(wanted).string(), is_new);
  }
  // SIGKILL leaves what was written in the kernel's memory, so a real disk would cost its flushes and prove no more.
  const std::string parent =
      ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path(error).string();
  std::string name = parent + "/holdfast-prove-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return fail(ErrorCode::io_error, "make " + name, "cannot make it");
  return Place(std::move(name), true);
}

Place::~Place() {
  std::error_code ignored;
  if (path_.empty() || keep_) return;
  if (is_ours_) {
    std::filesystem::remove_all(path_, ignored);
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path_, ignored))
    std::filesystem::remove_all(entry.path(), ignored);
}

std::string directory_of_this_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace holdfast::prove
