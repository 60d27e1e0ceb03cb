// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <array>

#include <holdfast/platform/linux.hpp>

#include "base/text.hpp"
#include "linux/identity.hpp"
#include "linux/small_file.hpp"

namespace holdfast::platform {
namespace {

using linux_detail::read_small_file;
using linux_detail::trimmed;

[[nodiscard]] std::string text_of(const std::string& path) {
  return trimmed(read_small_file(path, 256).value_or(""));
}

class LinuxHost final : public Host {
 public:
  [[nodiscard]] std::string boot_id() const override {
    return text_of("/proc/sys/kernel/random/boot_id").substr(0, 64);
  }

  /// The board's serial number changes when an SD card moves, the machine id when an image is flashed anew.
  /// Files that only root may read are left out: the answer must not depend on who asks.
  [[nodiscard]] std::string fingerprint() const override {
    const std::array<std::string, 2> parts = {text_of("/proc/device-tree/serial-number"),
                                              text_of("/etc/machine-id")};
    return linux_detail::fingerprint_of(parts);
  }

  [[nodiscard]] std::string name() const override {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return linux_detail::device_name_of(name.data());
  }

  [[nodiscard]] std::int64_t process_id() const override { return ::getpid(); }
};

}  // namespace

namespace linux_detail {

std::string fingerprint_of(std::span<const std::string> parts) {
  if (std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) return {};
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (const std::string& part : parts) {
    for (const char c : part) mix(static_cast<unsigned char>(c));
    mix(0);  // so that "ab" "c" is not "a" "bc"
  }
  return base::hex64(hash);
}

std::string device_name_of(const std::string& host_name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string name = host_name.substr(0, 64);
  for (char& c : name)
    if (kAllowed.find(c) == std::string_view::npos) c = '-';
  return name;
}

}  // namespace linux_detail

std::unique_ptr<Host> make_linux_host() { return std::make_unique<LinuxHost>(); }

}  // namespace holdfast::platform
