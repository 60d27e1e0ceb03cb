// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <holdfast/result.hpp>

namespace holdfast::prove {

/// The directory that a proof works in. It goes with this object, unless something in it is worth a look.
class Place {
 public:
  /// Empty: a temporary one, in memory where there is such a place. `invalid`: not empty; `io_error`.
  [[nodiscard]] static Result<Place> make(const std::string& wanted);
  ~Place();
  Place(Place&& other) noexcept : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  Place& operator=(Place&&) = delete;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { keep_ = true; }

 private:
  explicit Place(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool keep_ = false;
};

/// Where the programs that a proof starts are found.
[[nodiscard]] std::string directory_of_this_program();

}  // namespace holdfast::prove
