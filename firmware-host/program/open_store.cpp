// SPDX-License-Identifier: MIT
#include "program/open_store.hpp"

#include <holdfast/platform/disk.hpp>

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<void> check_place(const std::string& path, bool create, const platform::Disk& disk) {
  const auto found = disk.stat(path);
  if (!found) return trouble(found.error(), Doing::opening);
  const bool there = found->has_value();
  if (!there && !create)
    return trouble({ErrorCode::invalid, 0, "open " + path, "there is no such file; check the path"},
                   kExitNoInput);
  if (there && !(*found)->regular)
    return trouble({ErrorCode::invalid, 0, "open " + path, "it is not a regular file"}, kExitData);
  auto allowed = disk.may_create_beside(path);
  if (allowed) return {};
  Error error = std::move(allowed.error());
  error.hint += "; the store needs a directory that exists and is writable";
  const bool no_directory = error.code == ErrorCode::invalid;
  const int code = no_directory ? kExitCannotCreate : exit_code(error.code, Doing::opening);
  return trouble(std::move(error), code);
}

}  // namespace

Outcome<std::unique_ptr<Outbox>> open_outbox(const StoreOptions& options, PlatformView platform) {
  if (auto place = check_place(options.path, options.create, platform.disk); !place)
    return tl::unexpected(place.error());
  auto outbox = Outbox::open(options, platform);
  if (outbox) return std::move(*outbox);
  Error error = std::move(outbox.error());
  if (error.code == ErrorCode::busy)
    error.hint += ", or look at the file that its --status-file names: holdfast status --status-file FILE";
  return trouble(std::move(error), Doing::opening);
}

Outcome<std::unique_ptr<Inbox>> open_inbox(const InboxOptions& options, PlatformView platform) {
  if (auto place = check_place(options.path, options.create, platform.disk); !place)
    return tl::unexpected(place.error());
  auto inbox = Inbox::open(options, platform);
  if (inbox) return std::move(*inbox);
  return trouble(std::move(inbox.error()), Doing::opening);
}

}  // namespace holdfast::program
