// SPDX-License-Identifier: MIT
#include "prove/kill/naive_device.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

#include <holdfast/cloud_event.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/ledger.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

constexpr const char* kLane = "naive";
constexpr const char* kMakeState =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO state VALUES ('counter', 0)";
constexpr milliseconds kPatience{60'000};  // for one event

/// The state table: one counter, and what belongs to it.
class NaiveStore {
 public:
  [[nodiscard]] static Result<NaiveStore> open(const std::string& path) {
    sqlite3* handle = nullptr;
    const int opened = sqlite3_open(path.c_str(), &handle);
    NaiveStore store(handle);
    if (opened != SQLITE_OK) return store.failed();
    if (auto made = store.execute(kMakeState); !made) return tl::unexpected<Error>(made.error());
    if (auto made = program::make_committed_table(handle); !made) return tl::unexpected<Error>(made.error());
    sqlite3_stmt* select = nullptr;
    if (sqlite3_prepare_v2(handle, "SELECT value FROM state", -1, &select, nullptr) == SQLITE_OK &&
        sqlite3_step(select) == SQLITE_ROW)
      store.counter_ = sqlite3_column_int64(select, 0);
    if (sqlite3_finalize(select) != SQLITE_OK) return store.failed();
    return store;
  }

  /// Of the event that write() is given next.
  [[nodiscard]] EventId next_id(Epoch life) const { return {life, kLane, counter_ + 1}; }

  /// State and event in one transaction: here the naive program does well.
  [[nodiscard]] Result<void> write(const EventId& id, std::int64_t now_ns, Reaper& reaper) {
    Result<void> done = execute("BEGIN IMMEDIATE; UPDATE state SET value = value + 1").and_then([&] {
      return program::note_committed(db_.get(), id, now_ns);
    });
    if (done) {
      reaper.pass(KillPoint::before_commit);
      done = execute("COMMIT");
    }
    if (done) counter_ += 1;
    return done;
  }

 private:
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
  };
  explicit NaiveStore(sqlite3* db) : db_(db) {}
  [[nodiscard]] tl::unexpected<Error> failed() const {
    return fail(ErrorCode::io_error, "use the naive store", sqlite3_errmsg(db_.get()),
                sqlite3_extended_errcode(db_.get()));
  }
  [[nodiscard]] Result<void> execute(const char* sql) const {
    if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
    return {};
  }

  std::unique_ptr<sqlite3, Close> db_;
  std::int64_t counter_ = 0;
};

/// Publishes one message at a time until the broker has acknowledged it.
class NaivePublisher {
 public:
  NaivePublisher(const DeviceWork& work, platform::Clock& clock, Reaper& reaper)
      : broker_(broker_of(work)), clock_(clock), link_(platform::make_linux_link(), reaper) {
    link_.set_waker(&waker_);
  }
  ~NaivePublisher() { link_.drop(); }
  NaivePublisher(const NaivePublisher&) = delete;
  NaivePublisher& operator=(const NaivePublisher&) = delete;

  [[nodiscard]] Result<void> deliver(const MqttMessage& message) {
    const Instant give_up_at = clock_.now() + kPatience;
    for (milliseconds backoff = kBackoffMin; clock_.now() < give_up_at;
         backoff = std::min(backoff * 2, kBackoffMax)) {
      if (connected_ || connect()) {
        const platform::LinkToken token = ++last_token_;
        const bool sent = link_.publish(token, message).has_value();
        if (sent && await(platform::LinkEventKind::acknowledged, token, kAckTimeout)) return {};
      }
      connected_ = false;
      link_.drop();
      std::this_thread::sleep_for(backoff);
    }
    return fail(ErrorCode::unavailable, "publish", "the broker does not acknowledge");
  }

 private:
  [[nodiscard]] bool connect() {
    connected_ = link_.connect({.broker = broker_, .will = {}}).has_value() &&
                 await(platform::LinkEventKind::connected, 0, broker_.connect_timeout);
    return connected_;
  }

  /// True when this came; false after `patience`, or when anything else ended the wait.
  [[nodiscard]] bool await(platform::LinkEventKind kind, platform::LinkToken token, milliseconds patience) {
    const Instant until = clock_.now() + patience;
    for (;;) {
      std::array<platform::LinkEvent, 8> events;
      const std::size_t count = link_.poll(events);
      for (std::size_t i = 0; i < count; ++i) {
        if (events[i].kind == kind && events[i].token == token) return true;
        if (events[i].kind != platform::LinkEventKind::acknowledged) return false;  // refused, disconnected
      }
      if (clock_.now() >= until) return false;
      (void)clock_.wait_until(until, waker_);
    }
  }

  BrokerOptions broker_;
  platform::Clock& clock_;
  platform::Waker waker_;
  KillLink link_;
  platform::LinkToken last_token_ = 0;
  bool connected_ = false;
};

[[nodiscard]] Result<MqttMessage> message_of(const DeviceWork& work, Contender order, const EventId& id) {
  CloudEvent event;
  event.id = id.text();
  event.source = naive_source(order, work.device());
  event.type = kKillEventType;
  return encode_cloud_event(event, std::string(to_string(order)) + "/" + work.device(), MqttVersion::v5);
}

}  // namespace

BrokerOptions broker_of(const DeviceWork& work) {
  BrokerOptions broker;
  broker.url = work.url;
  broker.client_id = work.device();
  broker.connect_timeout = kAckTimeout;
  return broker;
}

Result<void> run_naive_device(const DeviceWork& work, Contender order, Reaper& reaper) {
  const platform::LinuxPlatform platform;
  auto store = NaiveStore::open(work.store);
  if (!store) return tl::unexpected<Error>(store.error());
  NaivePublisher publisher(work, platform.clock(), reaper);
  const Epoch life{platform.view().entropy.next()};
  for (std::uint64_t n = 0; work.events == 0 || n < work.events; ++n) {
    const EventId id = store->next_id(life);
    const auto message = message_of(work, order, id);
    if (!message) return tl::unexpected<Error>(message.error());
    const auto commit = [&] {
      return store->write(id, platform.clock().now().time_since_epoch().count(), reaper);
    };
    const auto publish = [&] { return publisher.deliver(*message); };
    const auto done =
        order == Contender::commit_first ? commit().and_then(publish) : publish().and_then(commit);
    if (!done) return tl::unexpected<Error>(done.error());
    std::this_thread::sleep_for(kEventPeriod);
  }
  return {};
}

}  // namespace holdfast::prove
