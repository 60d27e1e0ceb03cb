// SPDX-License-Identifier: MIT
#include "runtime/asker.hpp"

#include <algorithm>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/entropy.hpp>
#include <utility>

#include "base/text.hpp"
#include "wire/identity.hpp"

namespace holdfast::runtime {
namespace {

constexpr std::string_view kSourcePrefix = "urn:holdfast:";

std::string device_of(std::string_view source) {
  const auto parsed = wire::parse_source(source);
  return parsed ? parsed->device_source.substr(kSourcePrefix.size()) : std::string();
}

}  // namespace

bool is_not_for_consumers(std::string_view topic) noexcept {
  return topic.ends_with("/~command") || topic.ends_with("/~status");
}

std::optional<std::string> prefix_of(std::string_view topic, std::string_view device) {
  const std::string level = '/' + std::string(device) + '/';
  const auto at = topic.find(level);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  return std::string(topic.substr(0, at));
}

Asker::Asker(const ConsumerOptions& options, PlatformView platform)
    : options_(options),
      platform_(platform),
      period_(std::clamp<Duration>(std::min(options.resend_after, options.resend_interval) / 3,
                                   std::chrono::milliseconds(100), kLookPeriod)),
      plan_({options.resend_after, options.resend_interval, std::chrono::hours(1)}),
      due_(options.resend ? platform.clock.now() : Instant::max()) {}

void Asker::note(const CloudEvent& event, const std::string& topic) {
  if (due_ == Instant::max() || prefixes_.size() >= kPrefixesMax) return;
  std::string device = device_of(event.source);
  if (device.empty() || prefixes_.contains(device)) return;
  if (auto prefix = prefix_of(topic, device)) prefixes_.emplace(std::move(device), std::move(*prefix));
}

void Asker::ask(const Inbox& inbox, const std::function<void(const MqttMessage&)>& publish) {
  const Instant begun = platform_.clock.now();
  const auto missing = inbox.missing(inbox::ResendPlan::kRangesMax);
  const Instant now = platform_.clock.now();
  due_ = now + std::max(period_, (now - begun) * 100);
  if (!missing) return;  // the next apply() meets the same trouble, and says so
  std::size_t sent = 0;
  for (inbox::ResendAsk& ask : plan_.next(*missing, now)) {
    if (sent == kRequestsMax) return;
    const auto message = request(std::move(ask));
    if (!message) continue;
    publish(*message);
    sent += 1;
  }
}

Result<MqttMessage> Asker::request(inbox::ResendAsk ask) {
  const std::string device = device_of(ask.device_source);
  const auto known = prefixes_.find(device);
  const std::string& prefix = known == prefixes_.end() ? options_.resend_prefix : known->second;
  ResendRequest request{.id = base::hex64(platform_.entropy.next()),
                        .ranges = std::move(ask.ranges),
                        .issued = platform_.clock.wall().utc};
  return encode_resend(request, device, prefix + '/' + device + "/~command", options_.resend_secret);
}

}  // namespace holdfast::runtime
