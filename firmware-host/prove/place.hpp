// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <holdfast/result.hpp>

namespace holdfast::prove {

/// The directory that a proof works in. It goes with this object, unless something in it is worth a look; one that was
/// there before stays, and is empty again.
class Place {
 public:
  /// Empty: a temporary one, in memory where there is such a place. `invalid`: not empty; `io_error`.
  [[nodiscard]] static Result<Place> make(const std::string& wanted);
  ~Place();
  Place(Place&& other) noexcept
      : path_(std::exchange(other.path_, {})), is_ours_(other.is_ours_), keep_(other.keep_) {}
  Place& operator=(Place&&) = delete;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { keep_ = true; }

 private:
  Place(std::string path, bool is_ours) : path_(std::move(path)), is_ours_(is_ours) {}
  std::string path_;
  bool is_ours_;  // made here
  bool keep_ = false;
};

/// Where the programs that a proof starts are found.
[[nodiscard]] std::string directory_of_this_program();

}  // namespace holdfast::prove
