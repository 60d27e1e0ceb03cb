// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "prove/crash/images.hpp"
#include "prove/crash/ledger.hpp"
#include "prove/crash/observer.hpp"

/// A backup under power cuts. One that was told complete opens by itself, holds what the store held then, and its first
/// epoch says that it was restored. One that was cut off is refused, or says that it is damaged; if it opens as if nothing
/// were wrong, nothing may be missing in it.
namespace holdfast::prove {

/// What opening the backup in the image, as a store, shows. nullopt: there is none in it. `budget_bytes`: the store's, because
/// half a copy does not know it, and what is saved of it would get the default: sixty times as much to allocate.
[[nodiscard]] std::optional<Observation> observe_backup(Rig& rig, platform::sim::DiskImage image,
                                                        const Look& look, std::uint64_t budget_bytes);

[[nodiscard]] std::vector<std::string> judge_backup(const std::optional<Observation>& seen,
                                                    const Ledger& told, std::size_t point);

}  // namespace holdfast::prove
