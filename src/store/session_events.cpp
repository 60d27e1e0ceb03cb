// SPDX-License-Identifier: MIT
//
// The part of a session that stores state and events, and the epoch that they belong to.
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>

#include "base/text.hpp"
#include "store/event_rules.hpp"
#include "store/own_work.hpp"
#include "store/session.hpp"

namespace holdfast::store {
namespace {

tl::unexpected<Error> ended() {
  return fail(ErrorCode::invalid, "write", "the transaction has ended; return the error that ended it");
}

}  // namespace

Result<std::int64_t> Session::put(std::string_view key, std::span<const std::byte> value,
                                  std::string_view content_type) {
  if (!in_transaction()) return ended();
  if (auto done = check_state(key, value.size(), content_type); !done)
    return tl::unexpected<Error>(done.error());
  const OwnWork work(*this);
  return state_.put(key, value, content_type);
}

Result<bool> Session::erase(std::string_view key) {
  if (!in_transaction()) return ended();
  const OwnWork work(*this);
  return state_.erase(key);
}

Result<std::optional<StateEntry>> Session::get(std::string_view key) {
  const OwnWork work(*this);
  return state_.get(key);
}

Result<std::vector<StateEntry>> Session::list(std::string_view prefix, std::string_view after,
                                              std::size_t entries_max) {
  const OwnWork work(*this);
  return state_.list(prefix, after, entries_max);
}

Result<EventId> Session::add(const Event& event) {
  if (!in_transaction()) return ended();
  if (auto done = check_event(event, options_.event_data_bytes_max); !done) {
    return tl::unexpected<Error>(done.error());
  }
  Lane* lane = find(event.lane);
  if (lane == nullptr) {
    return fail(ErrorCode::invalid, "add event", "there is no lane '" + std::string(event.lane) + "'");
  }
  if (event.topic.empty()) topics_.render_into(topic_, event.lane, event.key);
  const std::string_view topic = event.topic.empty() ? std::string_view(topic_) : event.topic;
  if (!base::is_topic(topic) || topics_.is_reserved(topic) || topic.front() == '$') {
    return fail(ErrorCode::invalid, "add event",
                "'" + std::string(topic.substr(0, 100)) +
                    "' is no topic to publish to: no + or #, no leading $, not a control " +
                    "topic, at most " + std::to_string(limits::kTopicBytesMax) + " bytes");
  }
  if (auto done = let_in(*lane, event.data.size()); !done) return tl::unexpected<Error>(done.error());
  const OwnWork work(*this);
  if (auto done = ensure_epoch(); !done) return tl::unexpected<Error>(done.error());
  const Head next{lane->head.last_seq + 1,
                  lane->head.total_bytes + static_cast<std::int64_t>(event.data.size())};
  const NewRow row{.seq = next.last_seq,
                   .epoch_number = epoch_->number,
                   .epoch = minted_,
                   .committed = {*boot_, platform_.clock.now()},
                   .topic = topic,
                   .total_bytes = next.total_bytes,
                   .event = &event};
  if (auto done = lane->rows.append(row, texts_); !done) {
    if (done.error().code == ErrorCode::full) {
      want(*lane, event.data.size() + kPageBytes);
      return no_room(std::move(done.error().hint));
    }
    return tl::unexpected<Error>(done.error());
  }
  lane->head = next;
  return EventId{minted_, lane->record.options.name, next.last_seq};
}

Result<std::optional<Receipt>> Session::first_answer(std::string_view idempotency_key) {
  return keys_.find(idempotency_key);
}

Result<void> Session::remember_answer(std::string_view idempotency_key, const Receipt& receipt) {
  return keys_.add(idempotency_key, receipt);
}

std::optional<Epoch> Session::newest_epoch() const {
  const auto newest = epochs_.newest();
  return newest ? std::optional(newest->epoch) : std::nullopt;
}

// The epoch is stored by the first transaction that commits an event, so that an opening that does nothing
// leaves no trace, and every epoch that a consumer can see is announced.
Result<void> Session::ensure_epoch() {
  if (epoch_) return {};
  NewEpoch epoch{.epoch = minted_,
                 .boot_id = boot_id_,
                 .reason = opening_reason(),
                 .fingerprint = platform_.host.fingerprint(),
                 .parent_ends = {},
                 .anchor = trusted_anchor()};
  if (epochs_.newest()) {
    for (const Lane& lane : lanes_)
      epoch.parent_ends.push_back({lane.record.options.name, lane.durable.last_seq});
    for (const LaneRecord& lane : retired_) epoch.parent_ends.push_back({lane.options.name, lane.cursor});
  }
  auto stored = epochs_.store(epoch);
  // A backup becomes a store with the epoch that says so, and not with a commit before it.
  if (stored && record_.restored) {
    if (auto done = store_table_.set_restored(false); !done) stored = tl::unexpected<Error>(done.error());
  }
  if (!stored) {
    (void)epochs_.reload();  // it may hold a boot or epoch that is not there
    return tl::unexpected<Error>(stored.error());
  }
  epoch_ = *stored;
  boot_ = epochs_.boot_number(boot_id_);
  return {};
}

// Restored: a backup was put in the store's place. Moved: the card sits in other hardware, or is a clone.
std::string Session::opening_reason() const {
  if (record_.restored) return "restored";
  if (!epochs_.newest()) return "created";
  const bool moved =
      !epochs_.newest_fingerprint().empty() && epochs_.newest_fingerprint() != platform_.host.fingerprint();
  return moved ? "moved" : reason_;
}

std::optional<base::TimeAnchor> Session::trusted_anchor() const {
  const platform::WallTime wall = platform_.clock.wall();
  if (!wall.trusted) return std::nullopt;
  return base::TimeAnchor{platform_.clock.now(), wall.utc};
}

bool Session::anchor_due() const {
  return boot_ && !epochs_.anchor_of(*boot_) && platform_.clock.wall().trusted;
}

// The clock may become trusted long after boot. The anchor then rides on the next commit or, when nobody writes, goes
// alone: without it the events of this boot would have no time after the next one.
Result<void> Session::store_anchor() {
  if (!boot_ || epochs_.anchor_of(*boot_)) return {};
  const auto anchor = trusted_anchor();
  if (!anchor) return {};
  anchor_staged_ = true;
  return epochs_.set_anchor(*boot_, *anchor);
}

}  // namespace holdfast::store
