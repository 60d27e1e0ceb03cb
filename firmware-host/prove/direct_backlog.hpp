// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "relay/backlog.hpp"
#include "relay/mailbox.hpp"
#include "store/store.hpp"

namespace holdfast::prove {

/// The relay's Backlog without threads: calls the store and answers into the mailbox before it returns. What the
/// store cannot answer now waits for retry().
class DirectBacklog final : public relay::Backlog {
 public:
  DirectBacklog(store::Store& store, relay::RelayMailbox& mailbox, const platform::Clock& clock)
      : store_(store), mailbox_(mailbox), clock_(clock) {}

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
  void records_through(std::uint64_t /*news*/) override {}  // a single relay

  /// Asks the store again for what it could not give.
  void retry();
  [[nodiscard]] bool owes() const noexcept { return !unanswered_.empty(); }
  /// Why the last answer was put off; empty: none was.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  void put_off(const Error& error, std::function<void()> ask);

  store::Store& store_;
  relay::RelayMailbox& mailbox_;
  const platform::Clock& clock_;
  std::vector<std::function<void()>> unanswered_;
  std::string trouble_;
};

}  // namespace holdfast::prove
