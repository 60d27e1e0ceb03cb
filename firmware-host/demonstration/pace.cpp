// SPDX-License-Identifier: MIT
#include "demonstration/pace.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace holdfast::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kFlushes = 21;
constexpr double kShare = 0.2;  // of the flushes that one process could do if it had the disk to itself
constexpr std::uint64_t kEventsMin = 5;
constexpr std::uint64_t kEventsMax =
    100;  // on two busy cores with sanitizers the three processes manage about 200

}  // namespace

Result<Duration> measure_flush(const std::string& directory) {
  const std::string path = directory + "/flush-probe";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::io_error, "write " + path, "is there room?", errno);
  const std::array<char, 4096> page{};
  std::array<Duration, kFlushes> times{};
  bool ok = true;
  for (Duration& time : times) {
    const auto begin = SteadyClock::now();
    ok = ok && ::write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
         ::fdatasync(file) == 0;
    time = SteadyClock::now() - begin;
  }
  const int error = errno;
  ::close(file);
  ::unlink(path.c_str());
  if (!ok) return fail(ErrorCode::io_error, "write " + path, "is there room?", error);
  std::nth_element(times.begin(), times.begin() + kFlushes / 2, times.end());
  return times[kFlushes / 2];
}

std::uint64_t events_per_s_for(Duration flush) {
  const double seconds = std::max(std::chrono::duration<double>(flush).count(), 1e-6);
  const double rate = std::clamp(kShare / seconds, double{kEventsMin}, double{kEventsMax});
  return static_cast<std::uint64_t>(rate);
}

}  // namespace holdfast::demo
