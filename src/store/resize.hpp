// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>

namespace holdfast::store {

/// See holdfast::resize_store(). In this order, so that a kill at any moment leaves a store of the old or of the new
/// budget, and the next opening ends what was begun:
///
///   larger:  look for the space; store the new budget; open, which allocates it
///   smaller: look whether what is in use fits, if need be without what is retained; VACUUM, which packs it
///            to the front and cuts the file; store the new budget; open, which allocates what is left of it,
///            and a WAL of its own
///
/// VACUUM goes through the WAL and takes as much space, and memory, again as what is in use.
[[nodiscard]] Result<void> resize(const StoreOptions& options, PlatformView platform);

}  // namespace holdfast::store
