// SPDX-License-Identifier: MIT
#include "program/stop_signal.hpp"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>

#include <holdfast/check.hpp>

namespace holdfast::program {
namespace {

[[nodiscard]] sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = signals();
  HOLDFAST_CHECK(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  thread_ = std::thread([this] { listen(); });
}

StopSignal::~StopSignal() {
  ending_ = true;
  ::pthread_kill(thread_.native_handle(), SIGHUP);  // one of signals(): it only ends the wait
  thread_.join();
}

void StopSignal::listen() {
  const sigset_t set = signals();
  for (;;) {
    int number = 0;
    HOLDFAST_CHECK(::sigwait(&set, &number) == 0);
    if (ending_) return;
    if (requested_.exchange(true)) std::_Exit(128 + number);
    waker_.wake();
  }
}

}  // namespace holdfast::program
