// SPDX-License-Identifier: MIT
#include "backup.hpp"

#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<void> back_up(const BackupOptions& options) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(options.store), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  auto copied = (*outbox)->backup(options.file);
  if (!copied && copied.error().code == ErrorCode::invalid)  // there is one, or there is no such directory
    return trouble(std::move(copied.error()), kExitCannotCreate);
  if (!copied) return trouble(std::move(copied.error()), Doing::storing);
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  return {};
}

}  // namespace

int run_backup(const BackupOptions& options) {
  const auto done = back_up(options);
  if (!done) return report(done.error());
  say("backed up to " + options.file);
  return kExitOk;
}

}  // namespace holdfast::program
