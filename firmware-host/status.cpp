// SPDX-License-Identifier: MIT
#include "status.hpp"

#include <signal.h>

#include <cerrno>

#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/status_file.hpp"
#include "program/status_report.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<std::string> look_into_store(const std::string& path) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(path), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  const StatusContext context{.state = "at_rest", .path = path, .broker_url = {}};
  std::string document = status_json(context, (*outbox)->statistics(), platform.view());
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  return document;
}

/// Whether the process that promised to go on is still there.
[[nodiscard]] Outcome<bool> author_lives(const std::string& document) {
  const auto author = status_author(document);
  if (!author) return trouble(author.error(), Doing::opening);
  if (!author->running) return true;
  const platform::LinuxPlatform platform;
  const bool is_there = ::kill(static_cast<pid_t>(author->process_id), 0) == 0 || errno == EPERM;
  if (is_there && author->boot_id == platform.host().boot_id()) return true;
  warn("process " + std::to_string(author->process_id) + " is gone: this is its last report");
  return false;
}

[[nodiscard]] Outcome<int> show(const StatusOptions& options) {
  const bool from_file = !options.status_file.empty();
  const auto document = from_file ? read_status_file(options.status_file) : look_into_store(options.store);
  if (!document) return tl::unexpected(document.error());
  const auto text = status_text(*document);
  if (!text) return trouble(text.error(), Doing::opening);
  const auto lives = from_file ? author_lives(*document) : Outcome<bool>(true);
  if (!lives) return tl::unexpected(lives.error());
  if (!print_line(options.json ? *document : text->substr(0, text->find_last_not_of('\n') + 1)))
    return trouble({ErrorCode::io_error, 0, "print the status", "standard output is closed"}, kExitIo);
  return *lives ? kExitOk : kExitFinding;
}

}  // namespace

int run_status(const StatusOptions& options) {
  const auto shown = show(options);
  return shown ? *shown : report(shown.error());
}

}  // namespace holdfast::program
