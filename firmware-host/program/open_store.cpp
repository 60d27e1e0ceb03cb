// SPDX-License-Identifier: MIT
#include "program/open_store.hpp"

#include <algorithm>
#include <limits>

#include <holdfast/platform/disk.hpp>

#include "program/progress.hpp"
#include "program/talk.hpp"

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

[[nodiscard]] tl::unexpected<Trouble> cannot_open(Error error) {
  if (error.code == ErrorCode::busy)
    error.hint += ", or look at the file that its --status-file names: holdfast status --status-file FILE";
  return trouble(std::move(error), Doing::opening);
}

[[nodiscard]] bool holds(const std::vector<LaneStatistics>& lanes, const std::string& name) {
  return std::any_of(lanes.begin(), lanes.end(),
                     [&](const LaneStatistics& lane) { return lane.name == name; });
}

}  // namespace

StoreOptions as_stored(const std::string& path) {
  StoreOptions options;
  options.path = path;
  options.create = false;
  options.retention_bytes = std::numeric_limits<std::uint64_t>::max();  // the store bounds it by its budget
  return options;
}

Outcome<std::unique_ptr<Outbox>> open_outbox(StoreOptions options, PlatformView platform, Telling telling) {
  if (auto place = check_place(options.path, options.create, platform.disk); !place)
    return tl::unexpected(place.error());
  const auto progress =
      std::make_shared<Progress>("allocating " + options.path, platform.clock, standard_error());
  if (telling == Telling::progress) options.on_provisioning = teller(progress);
  auto outbox = Outbox::open(options, platform);
  progress->end();
  if (!outbox) return cannot_open(std::move(outbox.error()));
  if (const std::string found = damage(**outbox); !found.empty()) warn(found);
  return std::move(*outbox);
}

Outcome<std::unique_ptr<Outbox>> open_outbox(StoreOptions options, const std::vector<LaneArgument>& lanes,
                                             PlatformView platform, Telling telling) {
  StoreOptions all = options;
  bool may_be_there = false;
  for (const LaneArgument& lane : lanes) {
    all.lanes.push_back(lane.options);
    may_be_there = may_be_there || !lane.has_settings;
    if (lane.has_settings) options.lanes.push_back(lane.options);
  }
  const auto file = platform.disk.stat(options.path);
  const bool is_new = file && (!file->has_value() || (*file)->size_bytes == 0);
  if (is_new || !may_be_there) return open_outbox(std::move(all), platform, telling);
  auto outbox = open_outbox(options, platform, telling);
  // A store whose making was interrupted has no lanes yet; what else is `invalid` is so again.
  if (!outbox && outbox.error().error.code == ErrorCode::invalid) return open_outbox(all, platform, telling);
  if (!outbox) return outbox;
  const std::vector<LaneStatistics> stored = (*outbox)->statistics().lanes;
  const std::size_t before = options.lanes.size();
  for (const LaneArgument& lane : lanes)
    if (!lane.has_settings && !holds(stored, lane.options.name)) options.lanes.push_back(lane.options);
  if (options.lanes.size() == before) return outbox;
  outbox->reset();
  return open_outbox(std::move(options), platform, telling);
}

// The store has one word for all that an operator should know; this one is no property of the place.
std::string damage(const Outbox& outbox) {
  std::string warning = outbox.statistics().store.warning;
  return warning.starts_with("the store was damaged") ? warning : std::string();
}

Outcome<std::unique_ptr<Inbox>> open_inbox(const InboxOptions& options, PlatformView platform) {
  if (auto place = check_place(options.path, options.create, platform.disk); !place)
    return tl::unexpected(place.error());
  auto inbox = Inbox::open(options, platform);
  if (inbox) return std::move(*inbox);
  return trouble(std::move(inbox.error()), Doing::opening);
}

}  // namespace holdfast::program
