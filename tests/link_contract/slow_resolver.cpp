// SPDX-License-Identifier: MIT
#include "link_contract/slow_resolver.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

namespace {

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

struct Gate {
  std::mutex mutex;
  std::condition_variable bell;
  bool open = false;
  int asked = 0;
  int answered = 0;
};
Gate gate;

[[nodiscard]] int ask_system(const char* node, const char* service, const addrinfo* hints,
                             addrinfo** result) {
  static const auto system = reinterpret_cast<GetAddrInfo>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return system(node, service, hints, result);
}

[[nodiscard]] int answer(const char* numeric, addrinfo** result) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  return ask_system(numeric, nullptr, &hints, result);
}

[[nodiscard]] int answer_slowly(addrinfo** result) {
  std::unique_lock lock(gate.mutex);
  ++gate.asked;
  gate.bell.wait(lock, [] { return gate.open; });
  ++gate.answered;
  gate.bell.notify_all();
  return answer("127.0.0.1", result);
}

}  // namespace

// The program's own definition goes before the C library's.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node, const char* service,
                                                                  const addrinfo* hints, addrinfo** result) {
  if (node != nullptr && std::strcmp(node, "slow.test") == 0) return answer_slowly(result);
  if (node != nullptr && std::strcmp(node, "none.test") == 0) return EAI_NONAME;
  if (node == nullptr || std::strcmp(node, "two.test") != 0) return ask_system(node, service, hints, result);
  const int rc = answer("127.0.0.9", result);
  return rc != 0 ? rc : answer("127.0.0.1", &(*result)->ai_next);
}

namespace holdfast::link_contract {

SlowResolver::SlowResolver() {
  const std::lock_guard lock(gate.mutex);
  gate.open = false;
  gate.asked = 0;
  gate.answered = 0;
}

SlowResolver::~SlowResolver() {
  release();
  std::unique_lock lock(gate.mutex);
  gate.bell.wait(lock, [] { return gate.asked == gate.answered; });
}

void SlowResolver::release() {
  const std::lock_guard lock(gate.mutex);
  gate.open = true;
  gate.bell.notify_all();
}

int SlowResolver::asked() const {
  const std::lock_guard lock(gate.mutex);
  return gate.asked;
}

int SlowResolver::answered() const {
  const std::lock_guard lock(gate.mutex);
  return gate.answered;
}

}  // namespace holdfast::link_contract
