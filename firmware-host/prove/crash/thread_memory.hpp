// SPDX-License-Identifier: MIT
#pragma once

namespace holdfast::prove {

/// Gives SQLite an allocator for what the explorer does: open, prepare a hundred statements, close, ten thousand times a
/// second. Each thread keeps what it freed, by size, for itself: no lock, no merging and splitting. Nothing goes back to
/// the system before the process ends. Call it before SQLite starts. False: it has started, or a
/// sanitizer watches, and nothing was changed.
bool use_thread_memory();

}  // namespace holdfast::prove
