// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "support/temp_dir.hpp"

namespace holdfast::e2e {

/// A loopback network of this test's own on which the kernel itself loses packets. Takes root and nft.
///
/// The calling thread moves into a network namespace; threads and children that it starts later are in it too, nobody
/// else is, and it goes with the last of them. Aborts when it cannot: a test that skips proves nothing.
class LossyNetwork {
 public:
  LossyNetwork();

  /// From now on so many of 100 packets from and to this TCP port are lost, by chance.
  void lose(std::uint16_t port, unsigned percent);
  void heal();
  /// Since lose().
  [[nodiscard]] std::uint64_t lost_packets() const;

 private:
  test_support::TempDir dir_;
};

}  // namespace holdfast::e2e
