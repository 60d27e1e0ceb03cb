// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>

#include "program/units.hpp"

namespace holdfast::program {

/// `holdfast put`: one event by hand, or from a shell script.
struct PutOptions {
  StoreOptions store;  ///< with a device it may be made, and the lane with it
  LaneArgument lane;   ///< settings count only for a lane that is made now
  std::string key;
  std::string type;
  std::string content_type = "text/plain";
  std::string data;  ///< the text, "@FILE", or "-" for standard input
  std::string topic;
  std::vector<Attribute> attributes;
  std::optional<std::chrono::seconds> ttl;
  bool json = false;
  bool quiet = false;
};

/// Returns the exit code.
int run_put(const PutOptions& options);

}  // namespace holdfast::program
