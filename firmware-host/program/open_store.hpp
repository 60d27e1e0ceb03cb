// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <holdfast/inbox.hpp>
#include <holdfast/outbox.hpp>

#include "program/exit_code.hpp"

namespace holdfast::program {

/// Outbox::open(), with an exit code that tells "no such store" from "no such directory" and "not a store".
[[nodiscard]] Outcome<std::unique_ptr<Outbox>> open_outbox(const StoreOptions& options,
                                                           PlatformView platform);
/// The same for an inbox.
[[nodiscard]] Outcome<std::unique_ptr<Inbox>> open_inbox(const InboxOptions& options, PlatformView platform);

}  // namespace holdfast::program
