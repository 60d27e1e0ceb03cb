// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <holdfast/platform/linux.hpp>

#include "common/link_rules.hpp"
#include "linux/credentials.hpp"
#include "linux/paho_common.hpp"
#include "linux/paho_connection.hpp"

// The rules of Link over a Connection; what Paho needs stands in linux/paho_connection.hpp.
namespace holdfast::platform {
namespace {

using linux_detail::Connection;

/// Keeps leaked connections reachable, for the callback that sleeps in one. One per process in practice,
/// since no link connects once wedged.
void abandon(std::shared_ptr<Connection> connection) {
  static std::mutex mutex;
  // Never destroyed: a thread lives in it.
  static auto& abandoned = *new std::vector<std::shared_ptr<Connection>>;
  const std::lock_guard lock(mutex);
  abandoned.push_back(std::move(connection));
}

/// Paho 1.3.10 to 1.3.13 send plain MQTT through a proxy when these are set, also to nothing.
[[nodiscard]] const char* proxy_in_environment() noexcept {
  for (const char* name : {"http_proxy", "https_proxy"})
    if (std::getenv(name) != nullptr) return name;  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return nullptr;
}

[[nodiscard]] tl::unexpected<Error> error_of(const mqtt::exception& error, const char* where) {
  switch (error.get_return_code()) {
    case MQTTASYNC_DISCONNECTED: return fail(ErrorCode::unavailable, where, "not connected");
    case MQTTASYNC_NO_MORE_MSGIDS:
    case MQTTASYNC_MAX_BUFFERED_MESSAGES: return fail(ErrorCode::busy, where, "Paho's queue is full");
    case MQTTASYNC_BAD_UTF8_STRING: return fail(ErrorCode::invalid, where, "text that is no UTF-8");
    default: return fail(ErrorCode::unavailable, where, error.what());
  }
}

class PahoCppLink final : public Link {
 public:
  PahoCppLink() = default;
  ~PahoCppLink() override { PahoCppLink::drop(); }
  PahoCppLink(const PahoCppLink&) = delete;
  PahoCppLink& operator=(const PahoCppLink&) = delete;

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

  Waker* waker_ = nullptr;
  Receiver receiver_;
  std::shared_ptr<Connection> connection_;  // shared with its worker
  std::size_t unanswered_ = 0;              // whose answer poll() has not handed out
};

Result<void> PahoCppLink::connect(const ConnectRequest& request) {
  if (connection_) return fail(ErrorCode::invalid, "connect", "the last connection has not been dropped");
  auto address = link_rules::check_request(request, receiver_ != nullptr);
  if (!address) return tl::unexpected(address.error());
  if (const char* name = proxy_in_environment(); name != nullptr)
    return fail(ErrorCode::invalid, "connect",
                std::string("unset ") + name + " for this process: Paho would send MQTT through it");
  if (Connection::wedged())
    return fail(ErrorCode::unavailable, "connect", "a receiver withheld a message: end this process");
  address->tls = address->tls || request.broker.tls.enabled;
  const auto complete = linux_detail::completed(request, address->tls);
  if (!complete) return tl::unexpected(complete.error());
  auto connection = std::make_shared<Connection>(request.broker.version, waker_, receiver_);
  try {
    connection->begin(*complete, *address);
  } catch (const mqtt::exception& error) {
    return error_of(error, "connect");
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, "connect", error.what());
  }
  connection_ = std::move(connection);
  return {};
}

Result<void> PahoCppLink::may_send(const char* what) const {
  if (!connection_ || Connection::wedged() || !connection_->up())
    return fail(ErrorCode::unavailable, what, "not connected");
  if (unanswered_ >= kLinkPublishesMax) return fail(ErrorCode::busy, what, "too many wait for their answer");
  return {};
}

template <class Call>
Result<void> PahoCppLink::hand_over(const char* what, Call call) {
  if (auto ready = may_send(what); !ready) return ready;
  try {
    call();
  } catch (const mqtt::exception& error) {
    return error_of(error, what);
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, what, error.what());
  }
  ++unanswered_;
  return {};
}

Result<void> PahoCppLink::publish(LinkToken token, const MqttMessage& message) {
  if (auto good = link_rules::check_message(message); !good) return good;
  return hand_over("publish", [&] { connection_->publish(token, message); });
}

Result<void> PahoCppLink::subscribe(LinkToken token, const std::string& filter) {
  if (!receiver_) return fail(ErrorCode::invalid, "subscribe", "set a receiver first");
  if (auto good = link_rules::check_filter(filter); !good) return good;
  return hand_over("subscribe", [&] { connection_->subscribe(token, filter); });
}

std::size_t PahoCppLink::poll(std::span<LinkEvent> events) {
  if (!connection_) return 0;
  const std::size_t count = connection_->take(events);
  for (std::size_t at = 0; at < count; ++at)
    if (linux_detail::is_answer(events[at].kind)) --unanswered_;
  return count;
}

void PahoCppLink::drop() {
  std::shared_ptr<Connection> ending = std::exchange(connection_, nullptr);
  unanswered_ = 0;
  if (ending && !ending->end()) abandon(std::move(ending));
}

}  // namespace

std::unique_ptr<Link> make_linux_link() { return std::make_unique<PahoCppLink>(); }

}  // namespace holdfast::platform
