// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "fault/store/api_world.hpp"

namespace holdfast::fault_tests {

/// What a caller gets: the result, and what was read, as text.
struct Told {
  Result<void> result;
  std::string value = {};
};

/// What may be there after an error.
enum class OnError : std::uint8_t {
  nothing,  ///< what was there before
  either,  ///< that, or all of it: the call is several steps, and the last of them may be the one that failed
  part,    ///< that, or a part of it, as the header says
};

struct Operation {
  std::string name;
  std::vector<std::string> covers;  ///< functions of the public headers, "Outbox::write"
  std::function<Told(ApiWorld&)> run;
  bool changes = false;  ///< something that is still there after opening it again
  int met_at_least = 0;  ///< faults, over all kinds
  OnError on_error = OnError::nothing;
  std::function<bool(const std::vector<std::string>&)> is_part = {};
  const Image& (*image)() = &made_store;  ///< nullptr: there is no store
  bool begins_closed = false;
  std::function<void(ApiWorld&)> prepare = {};  ///< without faults, before
  std::function<void(ApiWorld&)> finish = {};   ///< without faults, after
  int step = 3;  ///< from the twelfth operation on (above 10: the fourth), and of sticky faults
};

inline std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.name;
}

[[nodiscard]] std::vector<Operation> operations();

}  // namespace holdfast::fault_tests
