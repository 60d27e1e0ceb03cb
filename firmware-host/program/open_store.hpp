// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/inbox.hpp>
#include <holdfast/outbox.hpp>

#include "program/exit_code.hpp"
#include "program/units.hpp"

namespace holdfast::program {

/// Whether the allocation of a budget is told on standard error when it takes long.
enum class Telling : std::uint8_t { quiet, progress };

/// Outbox::open(), with an exit code that tells "no such store" from "no such directory" and "not a store".
/// Warns when the store was damaged and set aside. The platform must outlive the outbox.
[[nodiscard]] Outcome<std::unique_ptr<Outbox>> open_outbox(StoreOptions options, PlatformView platform,
                                                           Telling telling = Telling::progress);
/// The same with these lanes beside options.lanes. One without settings of its own is added when it is not
/// there, and otherwise stays as it is stored.
[[nodiscard]] Outcome<std::unique_ptr<Outbox>> open_outbox(StoreOptions options,
                                                           const std::vector<LaneArgument>& lanes,
                                                           PlatformView platform,
                                                           Telling telling = Telling::progress);

/// How a store that is there is opened to look at it or to operate it: nothing of it is set, and what it
/// retains for replay stays, whatever bound its daemon has.
[[nodiscard]] StoreOptions as_stored(const std::string& path);

/// What the opening found out about a damaged store; empty: it was sound, as far as was looked.
[[nodiscard]] std::string damage(const Outbox& outbox);
/// The same for an inbox.
[[nodiscard]] Outcome<std::unique_ptr<Inbox>> open_inbox(const InboxOptions& options, PlatformView platform);

}  // namespace holdfast::program
