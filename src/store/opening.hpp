// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/session.hpp"
#include "store/set_aside.hpp"

namespace holdfast::store {

struct Opened {
  std::unique_ptr<Session> session;
  std::optional<SetAside> set_aside;  ///< the store was damaged: what was saved, and where its files are now
};

/// What a process knows that has had the store open before.
struct KnownBefore {
  bool damaged = false;  ///< it has met damage
  /// A file without the seqs that were committed is damaged, however sound it looks.
  std::vector<KnownLane> lanes = {};
};

/// Opens the store; when its file is damaged (or `before` says so) it is set aside first, and what can be read of it
/// goes into a new one (set_aside.hpp). A file that never was a store is `invalid`, and left alone. `disk_full`: damaged,
/// and there is no room for a second store; nothing was changed. Other errors as Outbox::open.
[[nodiscard]] Result<Opened> open_session(const StoreOptions& options, PlatformView platform,
                                          std::string reason, const KnownBefore& before = {});

}  // namespace holdfast::store
