// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "demonstration/history.hpp"

namespace holdfast::demo {

/// Takes from the status file of `holdfast run` what it says about backlog, in flight and committed. Leaves
/// the sample as it is while there is no file.
void read_device_status(const std::string& path, Sample& sample);
/// Likewise from that of `holdfast consume`: received, applied and duplicates.
void read_consumer_status(const std::string& path, Sample& sample);

}  // namespace holdfast::demo
