// SPDX-License-Identifier: MIT
#include "store/opening.hpp"

#include <algorithm>
#include <holdfast/platform/disk.hpp>

#include "store/migrations.hpp"
#include "store/wal.hpp"

namespace holdfast::store {
namespace {

class Opening {
 public:
  Opening(const StoreOptions& options, PlatformView platform, std::string reason, const KnownBefore& before)
      : options_(options), platform_(platform), reason_(std::move(reason)), before_(before) {}

  Result<Opened> run() {
    const auto evidence = look();
    if (!evidence) return tl::unexpected<Error>(evidence.error());
    if (*evidence == Evidence::damaged || (before_.damaged && *evidence == Evidence::ours)) {
      if (auto done = set_aside(); !done) return tl::unexpected<Error>(done.error());
    }
    auto session = Session::open(options_, platform_, reason_);
    const bool may_mend = *evidence == Evidence::ours && !aside_;
    if (session && lacks_seqs(**session)) {
      // Whoever sets it aside has it alone: the session ends here.
      session = fail(ErrorCode::corrupt, "open " + options_.path, "it lacks what this process has committed");
    }
    if (session && may_mend && has_lost_room(**session)) {
      session = fail(ErrorCode::corrupt, "open " + options_.path, "its list of free pages is not whole");
    }
    if (!session && may_mend && (says_damaged(session.error()) || has_lost_pages(session.error()))) {
      if (auto done = set_aside(); !done) return tl::unexpected<Error>(done.error());
      session = Session::open(options_, platform_, reason_);
    }
    if (!session) return tl::unexpected<Error>(session.error());
    return Opened{std::move(*session), std::move(aside_)};
  }

 private:
  Result<Evidence> look() const {
    const auto info = platform_.disk.stat(options_.path);
    const bool is_other = !info || (info->has_value() && !(*info)->regular);
    if (is_other || !platform_.disk.may_create_beside(options_.path))
      return Evidence::nothing;  // Session says what
    const auto finished = finish_set_aside(options_.path, options_.vfs, platform_.disk);
    if (!finished) return tl::unexpected<Error>(finished.error());
    auto evidence = examine(options_.path, options_.vfs, platform_.disk);
    if (!evidence || *evidence != Evidence::foreign) return evidence;
    return fail(ErrorCode::invalid, "open " + options_.path,
                "it is not a store of Holdfast's; choose another path");
  }

  // A WAL whose end does not read gives a sound store without the last commits; so does an older file in its place.
  bool lacks_seqs(const Session& session) const {
    const std::vector<Watermark> marks = session.watermarks();
    return std::any_of(before_.lanes.begin(), before_.lanes.end(), [&](const KnownLane& known) {
      return std::any_of(marks.begin(), marks.end(), [&](const Watermark& mark) {
        return mark.lane == known.lane && mark.committed_seq < known.last_seq;
      });
    });
  }

  // A store that is used up and does not hold that much is asked for each page, which reads all of it.
  static bool has_lost_room(Session& session) {
    const auto room = session.room();
    const Layout& layout = session.layout();
    const bool is_used_up = room && room->left() < layout.reserve_pages + layout.group_pages;
    if (!is_used_up || session.accounted_pages() > room->used() / 2) return false;
    const auto findings = session.check_structure();
    return findings && !findings->empty();
  }

  // An opening needs next to nothing. Where that is not free either, a medium that lost the list of free pages has left a
  // file that would be full for ever; SQLite's check counts them.
  bool has_lost_pages(const Error& error) const {
    if (error.code != ErrorCode::full) return false;
    auto connection = Connection::open(
        {.path = options_.path, .vfs = options_.vfs, .create = false, .application_id = kStoreApplicationId});
    if (!connection) return false;
    auto check = Statement::prepare(connection->handle(), "PRAGMA integrity_check(1)", false);
    const auto stepped = check ? check->step() : tl::unexpected<Error>(check.error());
    if (!stepped) return says_damaged(stepped.error());
    return *stepped == Step::row && check->text(0) != "ok";
  }

  Result<void> set_aside() {
    auto done = set_aside_and_salvage(
        {options_.path, options_.vfs, options_.lanes, before_.lanes}, platform_.disk,
        [this](const std::string& path, const Salvage& salvage) { return make_store(path, salvage); },
        [](Connection& connection) -> Result<void> {
          const auto moved = restart_wal(connection);
          return moved ? Result<void>() : tl::unexpected<Error>(moved.error());
        });
    if (!done) return tl::unexpected<Error>(done.error());
    aside_ = std::move(*done);
    return {};
  }

  Result<Connection> make_store(const std::string& path, const Salvage& salvage) const {
    StoreOptions options = options_;
    options.path = path;
    options.create = true;
    if (options.device.empty()) options.device = salvage.device;
    if (options.device.empty()) {
      return fail(ErrorCode::corrupt, "salvage " + options_.path,
                  "it is damaged, and whose store it is cannot be read: open it once with the device id");
    }
    if (options.budget_bytes == 0) options.budget_bytes = salvage.budget_bytes;
    if (!options.footprint && salvage.growing) options.footprint = Footprint::growing;
    return Session::make_empty(options, platform_);
  }

  const StoreOptions& options_;
  PlatformView platform_;
  std::string reason_;
  const KnownBefore& before_;
  std::optional<SetAside> aside_;
};

}  // namespace

Result<Opened> open_session(const StoreOptions& options, PlatformView platform, std::string reason,
                            const KnownBefore& before) {
  return Opening(options, platform, std::move(reason), before).run();
}

}  // namespace holdfast::store
