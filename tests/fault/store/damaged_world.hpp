// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/set_aside.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {

/// The two files of a store, as bytes: damaged and written back.
struct Image {
  std::string database;
  std::string wal;
};

/// An event that was committed, as the application knows it.
struct KnownEvent {
  EventId id;
  std::string key;
  std::string data;
  bool settled = false;
};

/// What became of the events after an opening.
struct Fate {
  std::size_t fetched = 0;
  std::size_t quarantined = 0;
  std::size_t declared = 0;
  std::size_t beyond_end = 0;  ///< above what the new epoch says its parent ended with
  std::string error;           ///< of an opening that was refused
};

/// A device whose store has events in two lanes, state, quarantined events, gap records and several epochs; and
/// what the application knows about it.
class DamagedWorld {
 public:
  DamagedWorld();

  /// As a clean close left it, and as a crash left it: with committed frames in the WAL.
  [[nodiscard]] const Image& closed() const noexcept { return closed_; }
  [[nodiscard]] const Image& crashed() const noexcept { return crashed_; }
  /// Removes everything and writes the image.
  void put(const Image& image);
  [[nodiscard]] Image look() const;

  /// Opens as the hook in Store::open does; `set_aside` tells whether a store was set aside on the way.
  [[nodiscard]] Result<void> open();
  /// Opens, walks everything, adds an event and closes. Damage that is met on the way sets the store aside, once.
  /// Expects that nothing was lost silently and nothing was made up.
  Fate fate();
  [[nodiscard]] const std::vector<SetAside>& set_asides() const noexcept { return set_asides_; }
  [[nodiscard]] std::size_t unsettled() const;

  Device device;
  std::map<LaneNumber, std::vector<KnownEvent>> committed;  ///< by seq, from 1

 private:
  [[nodiscard]] Result<void> set_aside();
  [[nodiscard]] Result<void> open_once();
  using Events = std::map<LaneNumber, std::map<std::int64_t, StoredEvent>>;
  [[nodiscard]] Result<Events> walk();
  [[nodiscard]] Result<void> expect_dense(const Events& events, const std::vector<ControlRecord>& records);
  [[nodiscard]] Result<Events> use(EventId& new_id);
  void add(LaneNumber lane, std::string key, std::string data);
  void fill(int round);
  Image closed_;
  Image crashed_;
  std::vector<SetAside> set_asides_;
};

}  // namespace holdfast::store::test
