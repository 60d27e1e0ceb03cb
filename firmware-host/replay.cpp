// SPDX-License-Identifier: MIT
#include "replay.hpp"

#include <algorithm>
#include <array>

#include <holdfast/limits.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/host.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/records.hpp>

#include "program/talk.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<MqttMessage> message_of(const ReplayOptions& options, PlatformView platform) {
  ResendRange range{options.lane, std::nullopt, options.seqs.first, options.seqs.last};
  if (range.last - range.first >= limits::kResendEventsMax)
    range.last = range.first + limits::kResendEventsMax - 1;
  if (!options.epoch.empty()) {
    const auto epoch = Epoch::parse(options.epoch);
    if (!epoch) return trouble(epoch.error(), kExitUsage);
    range.epoch = *epoch;
  }
  auto secret = read_first_line("--secret-file", options.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  ResendRequest request{.id = Epoch{platform.entropy.next()}.text(),
                        .ranges = {std::move(range)},
                        .key = options.key,
                        .from = options.from,
                        .before = options.before,
                        .issued = platform.clock.wall().utc};
  auto message =
      encode_resend(request, options.device, options.prefix + "/" + options.device + "/~command", *secret);
  if (!message) return trouble(message.error(), kExitUsage);
  return std::move(*message);
}

/// Connects, publishes one message and waits for its acknowledgement, `timeout` in all.
[[nodiscard]] Outcome<void> publish(const BrokerOptions& broker, const MqttMessage& message,
                                    std::chrono::milliseconds timeout, platform::Clock& clock) {
  platform::Waker bell;
  const auto link = platform::make_linux_link();
  link->set_waker(&bell);
  platform::ConnectRequest request;
  request.broker = broker;
  if (auto begun = link->connect(request); !begun) return trouble(begun.error(), Doing::connecting);
  const Instant deadline = clock.now() + timeout;
  const auto refused = [&](const platform::LinkEvent& event) {
    return trouble(connection_error(broker.url, event.reason, event.detail), Doing::connecting);
  };
  std::array<platform::LinkEvent, 8> events;
  for (;;) {
    const std::size_t count = link->poll(events);
    for (const platform::LinkEvent& event : std::span(events).first(count)) {
      switch (event.kind) {
        case platform::LinkEventKind::connected:
          if (auto sent = link->publish(1, message); !sent) return trouble(sent.error(), Doing::connecting);
          break;
        case platform::LinkEventKind::acknowledged: link->drop(); return {};
        case platform::LinkEventKind::refused:
        case platform::LinkEventKind::connect_failed:
        case platform::LinkEventKind::disconnected: return refused(event);
        default: break;
      }
    }
    if (count == 0 && !clock.wait_until(deadline, bell))
      return trouble(
          {ErrorCode::unavailable, 0, "ask over " + broker.url, "the broker did not answer in time"},
          Doing::connecting);
  }
}

[[nodiscard]] Outcome<void> work(const ReplayOptions& options) {
  const platform::LinuxPlatform platform;
  const PlatformView view = platform.view();
  auto broker = broker_options(options.broker, "holdfast-replay-" + std::to_string(view.host.process_id()));
  if (!broker) return tl::unexpected(broker.error());
  const auto message = message_of(options, view);
  if (!message) return tl::unexpected(message.error());
  if (auto sent = publish(*broker, *message, options.timeout, view.clock); !sent) return sent;
  const std::int64_t last = std::min(options.seqs.last, options.seqs.first + limits::kResendEventsMax - 1);
  say("asked device " + options.device + " for lane " + options.lane + ", seqs " +
      std::to_string(options.seqs.first) + " to " + std::to_string(last) +
      "; it answers when it is connected and takes commands (see resend_requests in its " + "status)");
  return {};
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  const auto done = work(options);
  return done ? kExitOk : report(done.error());
}

}  // namespace holdfast::program
