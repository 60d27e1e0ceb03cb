// SPDX-License-Identifier: MIT
#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include <holdfast/platform/linux.hpp>

#include "common/link_rules.hpp"
#include "linux/credentials.hpp"
#include "linux/paho_c_connection.hpp"
#include "linux/paho_common.hpp"
#include "linux/paho_shims.hpp"

// The rules of Link over an AsyncConnection; what Paho needs stands in linux/paho_c_connection.hpp.
namespace holdfast::platform {
namespace {

using linux_detail::AsyncConnection;

constexpr std::int32_t kTopicAliasInvalid = 0x94;

class PahoCLink final : public Link {
 public:
  PahoCLink() { linux_detail::paho_shims::count_links(+1); }
  ~PahoCLink() override {
    PahoCLink::drop();
    linux_detail::paho_shims::count_links(-1);
  }
  PahoCLink(const PahoCLink&) = delete;
  PahoCLink& operator=(const PahoCLink&) = delete;

  void set_waker(Waker* waker) override { waker_ = waker; }
  void set_receiver(Receiver receiver) override { receiver_ = std::move(receiver); }
  [[nodiscard]] Result<void> connect(const ConnectRequest& request) override;
  [[nodiscard]] Result<void> publish(LinkToken token, const MqttMessage& message) override;
  [[nodiscard]] Result<void> subscribe(LinkToken token, const std::string& filter) override;
  [[nodiscard]] std::size_t poll(std::span<LinkEvent> events) override;
  void drop() override;

 private:
  [[nodiscard]] Result<void> may_send(const char* what) const;
  /// Runs `call`, which hands something to Paho that will be answered.
  template <class Call>
  [[nodiscard]] Result<void> hand_over(const char* what, Call call);
  void learn_from(const LinkEvent& event);

  Waker* waker_ = nullptr;
  Receiver receiver_;
  std::unique_ptr<AsyncConnection> connection_;
  std::size_t unanswered_ = 0;  // whose answer poll() has not handed out
  linux_detail::LinkMemory memory_;
};

Result<void> PahoCLink::connect(const ConnectRequest& request) {
  if (connection_) return fail(ErrorCode::invalid, "connect", "the last connection has not been dropped");
  auto address = link_rules::check_request(request, receiver_ != nullptr);
  if (!address) return tl::unexpected(address.error());
  address->tls = address->tls || request.broker.tls.enabled;
  auto complete = linux_detail::completed(request, address->tls);
  if (!complete) return tl::unexpected(complete.error());
  try {
    auto connection = std::make_unique<AsyncConnection>(std::move(*complete), std::move(*address), memory_,
                                                        waker_, receiver_);
    connection->begin();
    connection_ = std::move(connection);
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, "connect", error.what());
  }
  return {};
}

Result<void> PahoCLink::may_send(const char* what) const {
  if (!connection_ || !connection_->up()) return fail(ErrorCode::unavailable, what, "not connected");
  if (unanswered_ >= kLinkPublishesMax) return fail(ErrorCode::busy, what, "too many wait for their answer");
  return {};
}

template <class Call>
Result<void> PahoCLink::hand_over(const char* what, Call call) {
  if (auto ready = may_send(what); !ready) return ready;
  try {
    if (auto done = call(); !done) return done;
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, what, error.what());
  }
  ++unanswered_;
  return {};
}

Result<void> PahoCLink::publish(LinkToken token, const MqttMessage& message) {
  if (auto good = link_rules::check_message(message); !good) return good;
  return hand_over("publish", [&] { return connection_->publish(token, message); });
}

Result<void> PahoCLink::subscribe(LinkToken token, const std::string& filter) {
  if (!receiver_) return fail(ErrorCode::invalid, "subscribe", "set a receiver first");
  if (auto good = link_rules::check_filter(filter); !good) return good;
  return hand_over("subscribe", [&] { return connection_->subscribe(token, filter); });
}

void PahoCLink::learn_from(const LinkEvent& event) {
  switch (event.kind) {
    case LinkEventKind::connected:
      memory_.failures = 0;
      memory_.keep_alive_max = std::chrono::seconds(event.grant.server_keep_alive_s.value_or(0));
      break;
    case LinkEventKind::connect_failed: ++memory_.failures; break;
    case LinkEventKind::disconnected:
      memory_.aliases_rejected = memory_.aliases_rejected || event.reason == kTopicAliasInvalid;
      break;
    default: break;
  }
}

std::size_t PahoCLink::poll(std::span<LinkEvent> events) {
  if (!connection_) return 0;
  const std::size_t count = connection_->take(events);
  for (const LinkEvent& event : events.first(count)) {
    if (linux_detail::is_answer(event.kind)) --unanswered_;
    learn_from(event);
  }
  return count;
}

void PahoCLink::drop() {
  if (connection_) connection_->end();
  connection_.reset();
  unanswered_ = 0;
}

}  // namespace

std::unique_ptr<Link> make_linux_link() { return std::make_unique<PahoCLink>(); }

}  // namespace holdfast::platform
