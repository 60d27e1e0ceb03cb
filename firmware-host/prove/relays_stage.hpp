// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/platform/linux.hpp>
#include <holdfast/result.hpp>

#include "demonstration/broker.hpp"
#include "demonstration/proxy.hpp"
#include "program/stop_signal.hpp"
#include "prove/kill_receiver.hpp"
#include "prove/relays_journal.hpp"
#include "prove/relays_plan.hpp"

namespace holdfast::prove {

struct RelaysCounts {
  std::uint64_t process_kills = 0;
  std::uint64_t link_faults = 0;
};

/// One Mosquitto, one consumer, and a device with several connections, each behind a network of its own.
class RelaysStage {
 public:
  /// `programs`: the directory of holdfast_relays_device. On return the consumer's subscriptions are in force.
  /// `unavailable`: a program is missing; `io_error`.
  [[nodiscard]] static Result<std::unique_ptr<RelaysStage>> set_up(const std::string& programs,
                                                                   const std::string& directory,
                                                                   std::size_t connections);

  /// One life of the device. Errors: the machinery failed, or `unavailable` when it was interrupted.
  [[nodiscard]] Result<void> play(const RelaysPlan& plan);
  /// The device has ended by itself; the consumer receives the rest, if it comes, and ends. The tables are final.
  [[nodiscard]] Result<std::vector<demo::LedgerRow>> finish();

  [[nodiscard]] const RelaysCounts& counts() const { return counts_; }
  [[nodiscard]] KillReceiver& receiver() { return *receiver_; }
  [[nodiscard]] JournalReader& journal() { return journal_; }
  [[nodiscard]] PlatformView platform() const { return platform_.view(); }
  [[nodiscard]] std::string inbox_path() const { return path("inbox.db"); }

 private:
  RelaysStage(std::string programs, std::string directory, std::size_t connections)
      : programs_(std::move(programs)),
        directory_(std::move(directory)),
        connections_(connections),
        journal_(path("journal")) {}
  [[nodiscard]] Result<void> start_world();
  [[nodiscard]] Result<void> start_device();
  [[nodiscard]] Result<void> await_all_publish(const char* or_else);
  [[nodiscard]] bool all_publish();
  [[nodiscard]] bool is_back(std::size_t connection, std::size_t from);
  void look_from_now();
  [[nodiscard]] std::uint64_t handovers_of_this_life();
  [[nodiscard]] Result<void> disturb(const LinkFault& fault);
  [[nodiscard]] Result<void> break_link(const LinkFault& fault);
  [[nodiscard]] Result<void> end_device();
  [[nodiscard]] Result<bool> await(std::chrono::milliseconds patience, const std::function<bool()>& done);
  [[nodiscard]] Result<void> pause(std::chrono::milliseconds time);
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  [[nodiscard]] Result<void> expect(const Result<bool>& awaited, const char* what) const;

  std::string programs_;
  std::string directory_;
  std::size_t connections_;
  program::StopSignal stop_;  // before everything that starts threads
  platform::LinuxPlatform platform_;
  RelaysCounts counts_;
  JournalReader journal_;
  std::size_t life_begins_at_ = 0;  // in the journal
  std::size_t look_from_ = 0;       // likewise: what all_publish() counts
  std::unique_ptr<demo::Broker> broker_;
  std::vector<std::unique_ptr<demo::Proxy>> proxies_;
  std::unique_ptr<KillReceiver> receiver_;
  std::unique_ptr<demo::ChildProcess> device_;
};

}  // namespace holdfast::prove
