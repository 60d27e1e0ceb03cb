// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/cloud_event.hpp>
#include <holdfast/inbox.hpp>
#include <holdfast/platform/sim.hpp>
#include <holdfast/records.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prove/crash/ledger.hpp"
#include "sim/crash_disk.hpp"

namespace holdfast::store {
class Store;
}

/// The far end of a device whose power is cut: the product's relay drains the reopened store over a scripted broker into
/// the product's inbox, which has what had reached it before.
namespace holdfast::prove {

/// What has reached the consumer, and when, in operations of the device's disk.
struct Arrival {
  std::size_t at = 0;
  CloudEvent event;
};

/// What a drain brought.
struct DrainObservation {
  struct Event {
    ToldEvent told;
    Applied outcome = Applied::rejected;
  };
  std::vector<Event> events;  ///< in order, without records
  std::vector<GapRecord> gaps;
  std::vector<EpochRecord> epochs;
  std::vector<MissingRange> missing;  ///< in the end
  std::vector<Rewind> rewinds;
  bool drained = false;               ///< everything was acknowledged
  std::vector<std::string> findings;  ///< whatever else went wrong
};

class Consumer {
 public:
  Consumer();
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Another life of the device. `arrivals` must stay as it is until the next one.
  void begin_round(const std::vector<Arrival>& arrivals);
  /// Has what had arrived at `moment`, and nothing more.
  void open(std::size_t moment);
  /// Runs a relay until everything is acknowledged, or for some virtual hours. May be called again, for another opening.
  void drain(store::Store& store, platform::sim::VirtualClock& clock);
  /// What all drains since open() brought.
  [[nodiscard]] DrainObservation close();

  /// Everything that had arrived is applied in order, as it was: what went wrong although nobody cut the power.
  [[nodiscard]] std::vector<std::string> rehearse();

 private:
  using Files = std::vector<std::pair<std::string, std::vector<std::byte>>>;
  [[nodiscard]] const Files& shelf(std::size_t count);
  void mount(const Files& files);
  void open_inbox();
  void take(const CloudEvent& event);
  void note(const CloudEvent& event, const ApplyOutcome& outcome);

  platform::sim::CrashDisk disk_;
  platform::sim::VirtualClock clock_;
  platform::sim::ScriptedHost host_;
  platform::sim::SeededEntropy entropy_{1};
  const std::vector<Arrival>* arrivals_ = nullptr;
  std::map<std::size_t, Files> shelf_;  ///< files of an inbox that has the first arrivals, so many
  std::unique_ptr<Inbox> inbox_;
  DrainObservation seen_;
};

/// What was declared or sent, as a consumer tells it apart. nullopt: it is a record.
[[nodiscard]] std::optional<ToldEvent> told_event(const CloudEvent& event);

}  // namespace holdfast::prove
