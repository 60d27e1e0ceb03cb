// SPDX-License-Identifier: MIT
#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include <holdfast/check.hpp>

namespace holdfast::test_support {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPause{5};

}  // namespace

Process::Process(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::array<int, 2> pipe{};
  HOLDFAST_CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  pid_ = ::fork();
  HOLDFAST_CHECK(pid_ >= 0);
  if (pid_ == 0) {  // only async-signal-safe calls from here
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  output_ = pipe[0];
}

Process::~Process() {
  kill();
  ::close(output_);
}

void Process::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

void Process::kill() {
  signal(SIGKILL);
  HOLDFAST_CHECK(wait(std::chrono::seconds(30)).has_value());
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  const auto until = SteadyClock::now() + patience;
  while (!exit_code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (SteadyClock::now() > until) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(kPause);
    }
  }
  return exit_code_;
}

bool Process::running() { return !wait(std::chrono::milliseconds(0)).has_value(); }

std::optional<std::string> Process::read_line(std::chrono::milliseconds patience) {
  const auto until = SteadyClock::now() + patience;
  for (;;) {
    if (const std::size_t end = buffered_.find('\n'); end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    pollfd ready{output_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    std::array<char, 1024> chunk{};
    const ssize_t got = ::read(output_, chunk.data(), chunk.size());
    if (got <= 0) return std::nullopt;
    buffered_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/local/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string file = directory + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  std::fprintf(stderr, "%s is not installed: the live tests need it\n", name.c_str());
  std::abort();
}

void run(std::vector<std::string> arguments) {
  Process process(std::move(arguments));
  HOLDFAST_CHECK(process.wait(std::chrono::seconds(30)) == 0);
}

}  // namespace holdfast::test_support
