// SPDX-License-Identifier: MIT
// Planted: the store includes the relay above it.
#include "relay/relay.hpp"
