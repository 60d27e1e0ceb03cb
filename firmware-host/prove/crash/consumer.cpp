// SPDX-License-Identifier: MIT
#include "prove/crash/consumer.hpp"

#include <algorithm>
#include <charconv>
#include <holdfast/check.hpp>

#include "prove/crash/drain.hpp"
#include "wire/records.hpp"

namespace holdfast::prove {
namespace {

constexpr const char* kInboxPath = "/inbox.db";
constexpr std::size_t kShelfMax = 256;

}  // namespace

std::optional<ToldEvent> told_event(const CloudEvent& event) {
  const std::string* sequence = event.attribute("sequence");
  const std::string* epoch = event.attribute("epoch");
  if (sequence == nullptr || epoch == nullptr) return std::nullopt;
  ToldEvent told;
  const std::string lane = event.source.substr(event.source.rfind('/') + 1);
  const auto found = std::find(kLaneNames.begin(), kLaneNames.end(), lane);
  const auto number = Epoch::parse(*epoch);
  if (found == kLaneNames.end() || !number) return std::nullopt;
  told.lane = static_cast<std::size_t>(found - kLaneNames.begin());
  told.epoch = *number;
  (void)std::from_chars(sequence->data(), sequence->data() + sequence->size(), told.seq);
  told.data = digest(event.data);
  return told;
}

Consumer::Consumer() { clock_.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56)), true}); }

Consumer::~Consumer() = default;

void Consumer::begin_round(const std::vector<Arrival>& arrivals) {
  arrivals_ = &arrivals;
  shelf_.clear();
}

void Consumer::mount(const Files& files) {
  platform::sim::DiskImage image;
  for (const auto& [name, bytes] : files)
    image.emplace(name, std::make_shared<platform::sim::ImageFile>(std::span<const std::byte>(bytes)));
  disk_.mount(std::move(image));
}

void Consumer::open_inbox() {
  InboxOptions options;
  options.path = kInboxPath;
  options.vfs = disk_.vfs();
  auto opened = Inbox::open(options, {clock_, disk_, entropy_, host_});
  if (opened)
    inbox_ = std::move(*opened);
  else
    seen_.findings.push_back("the inbox does not open: " + opened.error().text());
}

// From the nearest one that there is; each is made once a round.
const Consumer::Files& Consumer::shelf(std::size_t count) {
  const auto next = shelf_.upper_bound(count);
  const auto nearest = next == shelf_.begin() ? shelf_.end() : std::prev(next);
  if (nearest != shelf_.end() && nearest->first == count) return nearest->second;
  const std::size_t from = nearest != shelf_.end() ? nearest->first : 0;
  static const Files kNone;
  mount(nearest != shelf_.end() ? nearest->second : kNone);
  open_inbox();
  for (std::size_t i = from; i < count && inbox_; ++i) take((*arrivals_)[i].event);
  inbox_.reset();
  Files files;
  for (const auto& [name, file] : disk_.image()) files.emplace_back(name, file->bytes());
  disk_.mount({});
  if (shelf_.size() >= kShelfMax) shelf_.clear();
  return shelf_.emplace(count, std::move(files)).first->second;
}

void Consumer::open(std::size_t moment) {
  seen_ = {};
  const auto end = std::upper_bound(arrivals_->begin(), arrivals_->end(), moment,
                                    [](std::size_t at, const Arrival& arrival) { return at < arrival.at; });
  const Files& files = shelf(static_cast<std::size_t>(end - arrivals_->begin()));
  seen_ = {};
  entropy_ = platform::sim::SeededEntropy(moment + 1);  // whatever was looked at before
  mount(files);
  open_inbox();
}

std::vector<std::string> Consumer::rehearse() {
  seen_ = {};
  disk_.mount({});
  open_inbox();
  for (const Arrival& arrival : *arrivals_) {
    if (inbox_) take(arrival.event);
  }
  DrainObservation seen = close();
  for (const Rewind& rewind : seen.rewinds)
    seen.findings.push_back("the consumer reports a rewind: " + rewind.what);
  return std::move(seen.findings);
}

void Consumer::take(const CloudEvent& event) {
  const auto outcome = inbox_->apply(event, [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; });
  if (!outcome) return seen_.findings.push_back("apply " + event.id + ": " + outcome.error().text());
  if (outcome->outcome == Applied::rejected)
    return seen_.findings.push_back("the inbox rejects " + event.id + ": " + outcome->why);
  note(event, *outcome);
}

void Consumer::note(const CloudEvent& event, const ApplyOutcome& outcome) {
  if (event.type == kGapType) {
    if (auto gap = wire::read_gap(event)) seen_.gaps.push_back(std::move(*gap));
  } else if (event.type == kEpochType) {
    if (auto epoch = wire::read_epoch(event)) seen_.epochs.push_back(std::move(*epoch));
  } else if (const auto told = told_event(event)) {
    seen_.events.push_back({*told, outcome.outcome});
  } else {
    seen_.findings.push_back("what is " + event.id + '?');
  }
}

void Consumer::drain(store::Store& store, platform::sim::VirtualClock& clock) {
  if (!inbox_) return;
  DrainOutcome outcome = drain_to(store, clock, entropy_, [this](const MqttMessage& message) {
    const auto event = decode_cloud_event(message);
    if (event)
      take(*event);
    else
      seen_.findings.push_back("a message cannot be read: " + event.error().text());
  });
  seen_.drained = outcome.drained;
  if (!outcome.trouble.empty()) seen_.findings.push_back(std::move(outcome.trouble));
}

DrainObservation Consumer::close() {
  if (inbox_) {
    auto missing = inbox_->missing();
    auto rewinds = inbox_->rewinds();
    if (missing) seen_.missing = std::move(*missing);
    if (rewinds) seen_.rewinds = std::move(*rewinds);
    if (!missing || !rewinds) seen_.findings.emplace_back("the inbox does not say what is missing");
  }
  disk_.set_dead(true);  // nobody looks at it again
  inbox_.reset();
  disk_.mount({});
  return std::move(seen_);
}

}  // namespace holdfast::prove
