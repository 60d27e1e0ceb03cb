// SPDX-License-Identifier: MIT
#include <holdfast/platform/sim.hpp>

namespace holdfast::platform::sim {

Result<DiskSpace> ScriptedDisk::space(const std::string&) const { return space_now; }

Result<FileSystem> ScriptedDisk::file_system(const std::string&) const { return file_system_now; }

Result<void> ScriptedDisk::rename(const std::string& from, const std::string& to) const {
  if (rename_file) return rename_file(from, to);
  return fail(ErrorCode::denied, "rename " + from + " to " + to, "the scripted disk was not told how");
}

Result<std::optional<FileInfo>> ScriptedDisk::stat(const std::string& path) const {
  return find_file ? find_file(path) : std::nullopt;
}

Result<void> ScriptedDisk::may_create_beside(const std::string&) const {
  if (refuse_create) return tl::unexpected(*refuse_create);
  return {};
}

std::optional<std::string> ScriptedDisk::lock_owner(const std::string&) const { return lock_holder; }

}  // namespace holdfast::platform::sim
