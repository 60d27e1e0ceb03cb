// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/result.hpp>

#include "demonstration/proxy.hpp"
#include "prove/relays/journal.hpp"
#include "prove/relays/plan.hpp"
#include "prove/stage_kit.hpp"

namespace holdfast::prove {

struct RelaysCounts {
  std::uint64_t process_kills = 0;
  std::uint64_t link_faults = 0;
};

/// One Mosquitto, one consumer, and a device with several connections, each behind a network of its own.
class RelaysStage : public Stage {
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
  [[nodiscard]] JournalReader& journal() { return journal_; }

 private:
  RelaysStage(const std::string& programs, const std::string& directory, std::size_t connections);
  [[nodiscard]] Result<void> start_world();
  [[nodiscard]] Result<void> begin_life();
  [[nodiscard]] Result<void> await_all_publish(const char* or_else);
  [[nodiscard]] bool all_publish();
  [[nodiscard]] bool is_back(std::size_t connection, std::size_t from);
  void look_from_now();
  [[nodiscard]] std::uint64_t handovers_of_this_life();
  [[nodiscard]] Result<void> disturb(const LinkFault& fault);
  [[nodiscard]] Result<void> break_link(const LinkFault& fault);
  [[nodiscard]] Result<void> end_device();

  std::size_t connections_;
  RelaysCounts counts_;
  JournalReader journal_;
  std::size_t life_begins_at_ = 0;  // in the journal
  std::size_t look_from_ = 0;       // likewise: what all_publish() counts
  std::vector<std::unique_ptr<demo::Proxy>> proxies_;
};

}  // namespace holdfast::prove
