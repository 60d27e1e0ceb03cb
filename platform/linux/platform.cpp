// SPDX-License-Identifier: MIT
#include <holdfast/platform/linux.hpp>

namespace holdfast::platform {

LinuxPlatform::LinuxPlatform()
    : clock_(make_linux_clock()),
      disk_(make_linux_disk()),
      entropy_(make_linux_entropy()),
      host_(make_linux_host()) {}

LinuxPlatform::~LinuxPlatform() = default;

}  // namespace holdfast::platform
