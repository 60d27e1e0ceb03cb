// SPDX-License-Identifier: MIT
#include "demonstration/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <thread>

#include <holdfast/check.hpp>

namespace holdfast::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPause{5};

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);  // the parent blocks what it listens to
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(std::vector<std::string> arguments,
                                                          const std::string& log) {
  HOLDFAST_CHECK(!arguments.empty());
  const std::string where = "start " + arguments.front();
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::io_error, where, "cannot write " + log, errno);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(pointers.data(), file, parent);
  const int error = errno;
  ::close(file);
  if (pid < 0) return fail(ErrorCode::io_error, where, "cannot fork", error);
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

ChildProcess::~ChildProcess() { kill(); }

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

void ChildProcess::freeze() {
  signal(SIGSTOP);
  int status = 0;  // SIGSTOP cannot be refused, so this comes at once; or the end does
  if (!exit_code_ && ::waitpid(pid_, &status, WUNTRACED) == pid_ && !WIFSTOPPED(status)) take(status);
}

void ChildProcess::thaw() { signal(SIGCONT); }
void ChildProcess::ask_to_end() { signal(SIGTERM); }

void ChildProcess::kill() {
  was_killed_ = was_killed_ || !exit_code_;
  signal(SIGKILL);
  int status = 0;
  if (!exit_code_ && ::waitpid(pid_, &status, 0) == pid_) take(status);
}

bool ChildProcess::running() { return !wait(std::chrono::milliseconds(0)); }

std::optional<int> ChildProcess::wait(std::chrono::milliseconds patience) {
  const auto until = SteadyClock::now() + patience;
  while (!exit_code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      take(status);
    } else if (SteadyClock::now() >= until) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(kPause);
    }
  }
  return exit_code_;
}

void ChildProcess::take(int status) {
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::istringstream directories(std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/local/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::string file = directory + "/" + name;
    if (!directory.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

}  // namespace holdfast::demo
