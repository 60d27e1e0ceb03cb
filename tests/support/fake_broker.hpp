// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace holdfast::test_support {

/// Says over TCP what no real broker can be made to say: accepts one connection and answers its CONNECT and its
/// SUBSCRIBE with the given bytes. In `on_subscribe`, bytes 2 and 3 become the packet id that came.
class FakeBroker {
 public:
  FakeBroker(std::string on_connect, std::string on_subscribe);
  ~FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  /// All bytes that came so far.
  [[nodiscard]] std::string received() const;
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve();

  std::string on_connect_;
  std::string on_subscribe_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string received_;
  std::thread thread_;
};

}  // namespace holdfast::test_support
