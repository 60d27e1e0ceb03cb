// SPDX-License-Identifier: MIT
// Planted: a pure decision that knows SQLite.
#include <cstdint>

#include <sqlite3.h>
