// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/platform/clock.hpp>

#include "relay/backlog.hpp"
#include "relay/mailbox.hpp"
#include "runtime/relay_desk.hpp"
#include "runtime/store_thread.hpp"

namespace holdfast::runtime {

/// The relay's Backlog, served by the store's thread: each call becomes a task there, and the answer goes
/// into the mailbox. A fetch that the store cannot serve now (an I/O error) is tried again every kRetryPause.
class StoreBacklog final : public relay::Backlog {
 public:
  static constexpr std::chrono::seconds kRetryPause{1};

  /// Of one of the relays that share a desk. All must outlive the store's thread.
  StoreBacklog(std::size_t relay, RelayDesk& desk, StoreThread& store, relay::RelayMailbox& mailbox,
               const platform::Clock& clock)
      : relay_(relay), desk_(desk), store_(store), mailbox_(mailbox), clock_(clock) {}

  void fetch(const relay::FetchRequest& request) override;
  void fetch_control(bool announce) override;
  void settle(std::vector<relay::Settlement> settled) override;
  void settle_control(std::int64_t number, bool is_gap) override;
  void refuse(relay::Refusal refusal) override;
  void fetch_replay(const relay::ReplayFetch& request) override;
  void settle_requeued(relay::Settlement event) override;
  void refuse_requeued(relay::Refusal refusal) override;
  void release() override;
  void claim(const store::ShareClaim& claim) override;
  void records_through(std::uint64_t news) override;

 private:
  void serve_fetch(store::Store& store, const relay::FetchRequest& request);
  void after_settling(store::Store& store);
  void serve_control(store::Store& store, bool announce);
  void serve_refusal(store::Store& store, const relay::Refusal& refusal);
  void serve_replay(store::Store& store, const relay::ReplayFetch& request);

  const std::size_t relay_;
  RelayDesk& desk_;
  StoreThread& store_;
  relay::RelayMailbox& mailbox_;
  const platform::Clock& clock_;
};

}  // namespace holdfast::runtime
