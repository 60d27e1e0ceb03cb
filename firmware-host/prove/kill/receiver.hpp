// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <holdfast/consumer.hpp>

#include "demonstration/verdict.hpp"
#include "prove/kill/contender.hpp"

namespace holdfast::prove {

/// The consumer of all contenders' events, in this process, on a session that the broker keeps: a real inbox, whose
/// effects stand in the table of program/ledger.hpp. It also keeps a list of everything that it received.
class KillReceiver {
 public:
  using Receipts = PerContender<std::vector<demo::LedgerRow>>;

  /// Errors as Inbox::open and Consumer::start.
  [[nodiscard]] static Result<std::unique_ptr<KillReceiver>> start(const std::string& broker_url,
                                                                   const std::string& inbox_path,
                                                                   PlatformView platform);
  ~KillReceiver() { stop(); }
  KillReceiver(const KillReceiver&) = delete;
  KillReceiver& operator=(const KillReceiver&) = delete;

  static constexpr const char* kClientId = "prove-consumer";
  [[nodiscard]] static std::vector<std::string> topic_filters();  ///< one for each contender
  /// Whether the broker has written into its log that all subscriptions are in force.
  [[nodiscard]] static bool is_subscribed(std::string_view broker_log);

  [[nodiscard]] std::uint64_t messages() const;  ///< of any kind, repeats included
  [[nodiscard]] bool has(const std::string& id) const;
  [[nodiscard]] Receipts receipts() const;
  [[nodiscard]] std::vector<std::string> troubles() const;  ///< what a receiver should never see, a line each
  void stop();                                              ///< and closes the inbox

 private:
  explicit KillReceiver(PlatformView platform) : platform_(platform) {}
  [[nodiscard]] Result<void> apply(const CloudEvent& event, sqlite3* db) const;
  void observe(const CloudEvent* event, const ApplyOutcome& outcome);
  [[nodiscard]] Instant now() const;

  PlatformView platform_;
  mutable std::mutex mutex_;  // guards what follows, but the consumer
  std::uint64_t messages_ = 0;
  std::unordered_set<std::string> ids_;
  Receipts receipts_;
  std::vector<std::string> troubles_;
  std::unique_ptr<Consumer> consumer_;
};

}  // namespace holdfast::prove
