// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace holdfast::link_contract {

/// The command line that runs this test program as a client of its own:
///   PROGRAM --probe MODE URL CLIENT_ID
/// `will`: connects with a will on wills/CLIENT_ID, says "connected", sleeps until it is killed.
/// `block`: a kept session on t/#; the receiver says "got TOPIC" and never returns.
/// `withhold`: a kept session on t/#; the receiver says "got TOPIC" and withholds; then the owner says
///   "withheld", drops, says "dropped", tries to connect again, says the error's name, and returns from main.
/// `withhold-while-dropping`: the receiver waits until the owner is about to drop before it withholds.
/// `proxy`: tries to connect, says the error's name and its hint.
/// `churn`: connects, publishes, waits for the answers and drops 50 times, then says how many KiB of memory that took.
[[nodiscard]] std::vector<std::string> probe_command(const std::string& mode, const std::string& url,
                                                     const std::string& client_id);

}  // namespace holdfast::link_contract
