// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <holdfast/platform/link.hpp>

#include "prove/relays/journal.hpp"

namespace holdfast::prove {

/// The pen of the claim journal: one for all connections of a process, so that their lines have one order.
class Journal {
 public:
  /// Appends to a file, on a new line when a killed process has left a part of one. `io_error`.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  void add(JournalLine line);  ///< with the time of now

 private:
  explicit Journal(int file) : file_(file) {}
  int file_;
  std::mutex mutex_;
};

/// A link that notes in the journal what it is told about events, and has a way of its own to the broker.
class JournalLink final : public platform::Link {
 public:
  /// `url`: where it connects to, whatever the request says.
  JournalLink(std::unique_ptr<platform::Link> link, std::size_t connection, std::string url, Journal& journal)
      : link_(std::move(link)), connection_(connection), url_(std::move(url)), journal_(journal) {}

  void set_waker(platform::Waker* waker) override { link_->set_waker(waker); }
  void set_receiver(platform::Receiver receiver) override { link_->set_receiver(std::move(receiver)); }
  Result<void> connect(const platform::ConnectRequest& request) override;
  Result<void> publish(platform::LinkToken token, const MqttMessage& message) override;
  Result<void> subscribe(platform::LinkToken token, const std::string& filter) override {
    return link_->subscribe(token, filter);
  }
  std::size_t poll(std::span<platform::LinkEvent> events) override;
  void drop() override;

 private:
  std::unique_ptr<platform::Link> link_;
  std::size_t connection_;
  std::string url_;
  Journal& journal_;
  std::map<platform::LinkToken, std::string> ids_;  // of events without an answer, at most kLinkPublishesMax
};

}  // namespace holdfast::prove
