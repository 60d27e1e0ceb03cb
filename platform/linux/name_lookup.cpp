// SPDX-License-Identifier: MIT
#include "linux/name_lookup.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>

namespace holdfast::platform::linux_detail {
namespace {

constexpr std::size_t kAddressesMax = 8;
std::atomic<int> under_way{0};

struct Freed {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, Freed>;

[[nodiscard]] std::string numeric_of(const addrinfo& one) {
  std::array<char, 64> text{};
  const bool told =
      ::getnameinfo(one.ai_addr, one.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
  return told ? std::string(text.data()) : std::string();
}

struct Directory {
  std::mutex mutex;
  std::vector<const KnownHost*> known;
};

Directory& directory() {
  static auto& only = *new Directory;  // never destroyed: Paho's threads may outlive static objects
  return only;
}

}  // namespace

std::shared_ptr<NameLookup> NameLookup::begin(const std::string& host) noexcept {
  if (++under_way > kLookupsMax) {
    --under_way;
    return nullptr;
  }
  try {
    auto lookup = std::make_shared<NameLookup>();
    std::thread([lookup, host] {
      lookup->run(host);
      --under_way;
    }).detach();
    return lookup;
  } catch (const std::exception&) {
    --under_way;
    return nullptr;
  }
}

void NameLookup::run(const std::string& host) noexcept {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  const AddressList list(rc == 0 ? first : nullptr);
  const std::lock_guard lock(mutex_);
  try {
    if (rc != 0) trouble_ = ::gai_strerror(rc);
    for (const int family : {AF_INET, AF_INET6})
      for (const addrinfo* one = list.get(); one != nullptr && addresses_.size() < kAddressesMax;
           one = one->ai_next)
        if (one->ai_family == family) addresses_.push_back(numeric_of(*one));
    if (addresses_.empty() && trouble_.empty()) trouble_ = "the name has no address";
  } catch (const std::exception&) {  // no memory: no answer
    addresses_.clear();
  }
  answered_ = true;
  bell_.notify_all();
}

bool NameLookup::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  bell_.wait_until(lock, deadline, [this] { return answered_ || abandoned_; });
  return answered_ && !abandoned_;
}

void NameLookup::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  bell_.notify_all();
}

bool is_numeric_address(const std::string& host) noexcept {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

KnownHost::KnownHost(std::string host, std::string numeric)
    : host_(std::move(host)), numeric_(std::move(numeric)) {
  const std::lock_guard lock(directory().mutex);
  directory().known.push_back(this);
}

KnownHost::~KnownHost() {
  const std::lock_guard lock(directory().mutex);
  std::erase(directory().known, this);
}

bool KnownHost::address_of(const char* host, char* text, std::size_t size) noexcept {
  const std::lock_guard lock(directory().mutex);
  for (const KnownHost* one : directory().known) {
    if (one->host_ != host || one->numeric_.size() >= size) continue;
    std::memcpy(text, one->numeric_.c_str(), one->numeric_.size() + 1);
    return true;
  }
  return false;
}

}  // namespace holdfast::platform::linux_detail
