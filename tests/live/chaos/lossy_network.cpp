// SPDX-License-Identifier: MIT
#include "live/chaos/lossy_network.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include <holdfast/check.hpp>

#include "support/process.hpp"

namespace holdfast::e2e {
namespace {

void bring_up_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  HOLDFAST_CHECK(::ioctl(socket, SIOCGIFFLAGS, &request) == 0);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  HOLDFAST_CHECK(::ioctl(socket, SIOCSIFFLAGS, &request) == 0);
  ::close(socket);
}

}  // namespace

LossyNetwork::LossyNetwork() {
  HOLDFAST_CHECK(::unshare(CLONE_NEWNET) == 0);
  bring_up_loopback();
}

void LossyNetwork::lose(std::uint16_t port, unsigned percent) {
  // nft refuses a comparison that is always true.
  const std::string draw = percent < 100 ? " numgen random mod 100 < " + std::to_string(percent) : "";
  const std::string chance = draw + " counter drop\n";
  const std::string rules =
      "table inet loss {\n chain input {\n  type filter hook input priority 0;\n  tcp dport " +
      std::to_string(port) + chance + "  tcp sport " + std::to_string(port) + chance + " }\n}\n";
  test_support::run({test_support::find_program("nft"), "-f", dir_.write("rules", rules)});
}

void LossyNetwork::heal() { test_support::run({test_support::find_program("nft"), "flush", "ruleset"}); }

std::uint64_t LossyNetwork::lost_packets() const {
  test_support::Process nft({test_support::find_program("nft"), "list", "ruleset"});
  std::uint64_t packets = 0;
  while (const auto line = nft.read_line(std::chrono::seconds(20))) {
    const std::size_t at = line->find("packets ");
    if (at != std::string::npos) packets += std::strtoull(line->c_str() + at + 8, nullptr, 10);
  }
  return packets;
}

}  // namespace holdfast::e2e
