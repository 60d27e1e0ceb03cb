// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace holdfast::platform::linux_detail {

/// How many lookups of the process may be under way, those that nobody waits for any more included. The resolver
/// cannot be interrupted, but it ends: after some 10 s a server with the usual resolv.conf.
inline constexpr int kLookupsMax = 4;

/// One question to the system's resolver, on a thread of its own, so that nobody has to wait longer than he likes.
class NameLookup {
 public:
  /// nullptr: kLookupsMax are under way, or there is no thread or memory for it.
  [[nodiscard]] static std::shared_ptr<NameLookup> begin(const std::string& host) noexcept;

  /// True when the answer is there; false at the deadline or when nobody wants it any more.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline);
  /// Ends the wait.
  void abandon();

  /// After wait_until() returned true: numeric addresses, IPv4 first; or none, and why.
  [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  void run(const std::string& host) noexcept;

  std::mutex mutex_;
  std::condition_variable bell_;
  bool answered_ = false;
  bool abandoned_ = false;
  std::vector<std::string> addresses_;
  std::string trouble_;
};

[[nodiscard]] bool is_numeric_address(const std::string& host) noexcept;

/// As long as it lives, host_address() knows this answer. For Paho, which asks by the name alone.
class KnownHost {
 public:
  KnownHost(std::string host, std::string numeric);
  ~KnownHost();
  KnownHost(const KnownHost&) = delete;
  KnownHost& operator=(const KnownHost&) = delete;

  /// Copies the address with its final NUL; false when it is not known or does not fit.
  [[nodiscard]] static bool address_of(const char* host, char* text, std::size_t size) noexcept;

 private:
  const std::string host_;
  const std::string numeric_;
};

}  // namespace holdfast::platform::linux_detail
