// SPDX-License-Identifier: MIT
#include "bench/machine.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

namespace holdfast::bench {

std::string machine_name() {
  struct utsname name {};
  if (::uname(&name) != 0) return "unknown";
  return fmt::format("{}, {} {}", name.machine, name.sysname, name.release);
}

}  // namespace holdfast::bench
