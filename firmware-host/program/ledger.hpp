// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <holdfast/cloud_event.hpp>
#include <holdfast/event.hpp>
#include <holdfast/result.hpp>

struct sqlite3;

/// `--ledger`: what each side believes it did, in an application's table that the same transaction writes. An
/// auditor who opens both files afterwards can compare them: every committed id is applied once or declared.
///
///   producer, in the store    demo_committed(lane, seq, epoch, id PRIMARY KEY, committed_ns)
///   consumer, in the inbox    effects(id, source, committed_ns, applied_ns): no key, so that an effect
///                             that ran twice shows as two rows
///
/// *_ns are nanoseconds since boot: differences mean something on one machine only. committed_ns is taken in
/// the transaction, just before its COMMIT.
namespace holdfast::program {

[[nodiscard]] Result<void> make_committed_table(sqlite3* db);
[[nodiscard]] Result<void> note_committed(sqlite3* db, const EventId& id, std::int64_t now_ns);

[[nodiscard]] Result<void> make_effects_table(sqlite3* db);
[[nodiscard]] Result<void> note_effect(sqlite3* db, const CloudEvent& event, std::int64_t now_ns);

}  // namespace holdfast::program
