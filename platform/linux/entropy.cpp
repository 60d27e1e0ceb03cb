// SPDX-License-Identifier: MIT
#include <sys/random.h>

#include <cerrno>

#include <holdfast/check.hpp>
#include <holdfast/platform/linux.hpp>

namespace holdfast::platform {
namespace {

class LinuxEntropy final : public Entropy {
 public:
  [[nodiscard]] std::uint64_t next() override {
    std::uint64_t bits = 0;
    ssize_t got = 0;
    do {
      got = ::getrandom(&bits, sizeof bits, 0);  // up to 256 bytes come whole; a signal can only come before
    } while (got < 0 && errno == EINTR);
    HOLDFAST_CHECK(got == static_cast<ssize_t>(sizeof bits));  // exists since Linux 3.17
    return bits;
  }
};

}  // namespace

std::unique_ptr<Entropy> make_linux_entropy() { return std::make_unique<LinuxEntropy>(); }

}  // namespace holdfast::platform
