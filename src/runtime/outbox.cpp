// SPDX-License-Identifier: MIT
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>
#include <holdfast/platform/link.hpp>

#include <algorithm>

#include "base/text.hpp"
#include "relay/broker_profile.hpp"
#include "runtime/relay_fleet.hpp"
#include "runtime/store_thread.hpp"
#include "store/resize.hpp"

namespace holdfast {
namespace {

tl::unexpected<Error> inside_closure(const char* where) {
  return fail(
      ErrorCode::invalid, where,
      "called from inside a closure or callback: use the transaction you were given, or another thread");
}

Result<void> check_options(const WriteOptions& options) {
  if (options.idempotency_key.size() <= limits::kIdempotencyKeyBytesMax &&
      base::is_utf8(options.idempotency_key)) {
    return {};
  }
  return fail(ErrorCode::invalid, "write", "an idempotency key is 1 to 64 bytes of UTF-8");
}

relay::Publishing publishing_of(const StoreOptions& options, const std::string& device) {
  return {.device = device,
          .topic_prefix = options.topic_prefix,
          .topic_template = options.topic_template,
          .event_data_bytes_max = options.event_data_bytes_max};
}

}  // namespace

class Outbox::Impl {
 public:
  Impl(const StoreOptions& options, PlatformView platform, std::unique_ptr<store::Store> store)
      : options_(options),
        platform_(platform),
        process_(platform.host.process_id()),
        store_(std::move(store), platform.clock, options) {}

  Result<void> start_relays(const RelayOptions& options, std::vector<std::unique_ptr<platform::Link>> links) {
    if (auto done = guard("start the relay"); !done) return done;
    if (auto done = relay::check_options(options); !done) return done;
    if (links.empty() || std::find(links.begin(), links.end(), nullptr) != links.end())
      return fail(ErrorCode::invalid, "start the relay", "there is no link");
    if (links.size() > limits::kRelaysMax)
      return fail(ErrorCode::invalid, "start the relay",
                  "there are at most " + std::to_string(limits::kRelaysMax) + " relays");
    const std::lock_guard life(life_mutex_);
    if (relay_) return fail(ErrorCode::invalid, "start the relay", "a relay runs already");
    relay::RelaySetup setup{
        .options = options, .device = {}, .topic_prefix = options_.topic_prefix, .lanes = {}};
    auto done = store_.run([&](store::Store& store) {
      setup.device = store.device();
      for (const store::LaneRecord& lane : store.lanes()) {
        setup.lanes.push_back({lane.lane, lane.options.name, lane.options.priority, lane.cursor});
      }
    });
    if (!done) return done;
    if (setup.lanes.empty()) {  // every store has one
      return fail(ErrorCode::io_error, "start the relay", "the store had an I/O error and is not open now");
    }
    if (auto named = relay::check_lanes(setup); !named) return named;
    if (setup.options.broker.client_id.empty()) setup.options.broker.client_id = setup.device;
    if (auto fits = relay::check_profile(options, publishing_of(options_, setup.device)); !fits) return fits;
    setup.figures = [this] {
      return Statistics{
          .store = store_.store_statistics(), .relay = {}, .relays = {}, .lanes = store_.lane_statistics()};
    };
    auto relays =
        std::make_unique<runtime::RelayFleet>(std::move(setup), std::move(links), store_, platform_);
    const std::lock_guard lock(relay_mutex_);
    relay_ = std::move(relays);
    return {};
  }

  WriteResult write(WriteBody body, const WriteOptions& options) {
    if (auto done = guard_write(body, options); !done) return tl::unexpected<Error>(done.error());
    return store_.write(std::move(body), options);
  }

  Result<Ticket> write_async(WriteBody body, WriteCallback callback, const WriteOptions& options) {
    if (auto done = guard_write(body, options); !done) return tl::unexpected<Error>(done.error());
    return store_.write_async(std::move(body), std::move(callback), options);
  }

  Result<void> read(const ReadBody& body) {
    if (auto done = guard("read"); !done) return done;
    if (!body) return fail(ErrorCode::invalid, "read", "there is no closure");
    return ask<void>([&](store::Store& store) { return store.read(body); });
  }

  Result<void> flush(Instant deadline) {
    if (auto done = guard("flush"); !done) return done;
    return store_.flush(deadline);
  }

  Result<void> set_paused(std::string_view lane, bool paused) {
    if (auto done = guard(paused ? "pause" : "resume"); !done) return done;
    return ask<void>([&](store::Store& store) {
      auto done = store.set_paused(lane, paused);
      if (done) store_.ask_to_look_again();  // a relay has found the lane paused
      return done;
    });
  }

  Result<void> remove_lane(std::string_view lane, LaneRemoval removal) {
    if (auto done = guard("remove lane"); !done) return done;
    auto done = ask<void>([&](store::Store& store) { return store.remove_lane(lane, removal); });
    if (done) store_.forget_lane(lane);
    return done;
  }

  Result<EventPage> events(std::string_view lane, std::int64_t after_seq, std::size_t events_max) {
    if (auto done = guard("read events"); !done) return tl::unexpected<Error>(done.error());
    return ask<EventPage>([&](store::Store& store) { return store.events(lane, after_seq, events_max); });
  }

  Result<QuarantinePage> quarantine(std::string_view lane, std::int64_t after_seq, std::size_t events_max) {
    if (auto done = guard("list the quarantine"); !done) return tl::unexpected<Error>(done.error());
    return ask<QuarantinePage>(
        [&](store::Store& store) { return store.quarantined(lane, after_seq, events_max); });
  }

  Result<std::size_t> requeue(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
    if (auto done = guard("requeue"); !done) return tl::unexpected<Error>(done.error());
    auto marked =
        ask<std::size_t>([&](store::Store& store) { return store.requeue(lane, first_seq, last_seq); });
    const std::lock_guard lock(relay_mutex_);
    if (marked && relay_) relay_->requeued();
    return marked;
  }

  Result<std::size_t> discard(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
    if (auto done = guard("discard"); !done) return tl::unexpected<Error>(done.error());
    return ask<std::size_t>([&](store::Store& store) { return store.discard(lane, first_seq, last_seq); });
  }

  Result<void> replay(const ReplayRequest& request) {
    if (auto done = guard("replay"); !done) return done;
    if (request.first_seq < 1 || request.last_seq < request.first_seq)
      return fail(ErrorCode::invalid, "replay", "seqs go from 1, and the first is not above the last");
    bool known = false;
    auto done = store_.run([&](store::Store& store) {
      for (const store::LaneRecord& lane : store.lanes()) known = known || lane.options.name == request.lane;
    });
    if (!done) return done;
    if (!known) return fail(ErrorCode::invalid, "replay", "there is no lane '" + request.lane + "'");
    const std::lock_guard lock(relay_mutex_);
    if (!relay_) return fail(ErrorCode::unavailable, "replay", "no relay runs");
    return relay_->replay(request);
  }

  // One step at a time, so that writes go on in between. So does check().
  Result<void> backup(const std::string& path) {
    if (auto done = guard("backup"); !done) return done;
    const std::lock_guard one_at_a_time(slow_mutex_);
    if (auto begun = ask<void>([&](store::Store& store) { return store.begin_backup(path); }); !begun)
      return begun;
    for (;;) {
      const auto more = ask<bool>([](store::Store& store) { return store.step_backup(); });
      if (!more) return tl::unexpected<Error>(more.error());
      if (!*more) return {};
    }
  }

  Result<CheckReport> check() {
    if (auto done = guard("check"); !done) return tl::unexpected<Error>(done.error());
    const std::lock_guard one_at_a_time(slow_mutex_);
    if (auto begun = store_.run([](store::Store& store) { store.begin_check(); }); !begun)
      return tl::unexpected<Error>(begun.error());
    for (bool more = true; more;) {
      auto done = store_.run([&](store::Store& store) { more = store.check_slice(); });
      if (!done) return tl::unexpected<Error>(done.error());
    }
    return ask<CheckReport>([](store::Store& store) { return store.end_check(); });
  }

  Statistics statistics() const {
    Statistics all{
        .store = store_.store_statistics(), .relay = {}, .relays = {}, .lanes = store_.lane_statistics()};
    const std::lock_guard lock(relay_mutex_);
    if (relay_) all.relays = relay_->statistics();
    all.relay = runtime::all_together(all.relays);
    return all;
  }

  Result<void> close() {
    if (auto done = guard("close"); !done) return done;
    const std::lock_guard life(life_mutex_);
    store_.refuse_writes();
    if (relay_) relay_->stop();
    return store_.close();
  }

  [[nodiscard]] bool forked() const { return platform_.host.process_id() != process_; }

 private:
  /// Runs a task that has an answer: the task's, or why it was not run.
  template <class T, class Ask>
  Result<T> ask(Ask question) {
    Result<T> answer;
    const auto done = store_.run([&](store::Store& store) { answer = question(store); });
    if (!done) return tl::unexpected<Error>(done.error());
    return answer;
  }

  Result<void> guard_write(const WriteBody& body, const WriteOptions& options) const {
    if (auto done = guard("write"); !done) return done;
    if (!body) return fail(ErrorCode::invalid, "write", "there is no closure");
    return check_options(options);
  }

  // A forked child has no threads and must not touch the parent's file.
  Result<void> guard(const char* where) const {
    if (store_.is_this_thread()) return inside_closure(where);
    if (!forked()) return {};
    return fail(ErrorCode::invalid, where,
                "the process has forked: open the outbox in the child, not before");
  }

  const StoreOptions options_;
  PlatformView platform_;
  const std::int64_t process_;
  runtime::StoreThread store_;
  std::mutex slow_mutex_;           // one backup or check at a time
  std::mutex life_mutex_;           // one start or close at a time; both may take seconds
  mutable std::mutex relay_mutex_;  // guards the pointer below against statistics()
  std::unique_ptr<runtime::RelayFleet> relay_;
};

Result<std::unique_ptr<Outbox>> Outbox::open(const StoreOptions& options, PlatformView platform) {
  auto store = store::Store::open(options, platform);
  if (!store) return tl::unexpected<Error>(store.error());
  return std::unique_ptr<Outbox>(new Outbox(std::make_unique<Impl>(options, platform, std::move(*store))));
}

Outbox::Outbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Outbox::~Outbox() {
  if (!impl_->forked()) {
    (void)impl_->close();
    return;
  }
  // Left as it is: the threads that would have to end do not exist in the child, and the file is the
  // parent's.
  (void)impl_.release();
}

Result<void> Outbox::start_relay(const RelayOptions& options, std::unique_ptr<platform::Link> link) {
  std::vector<std::unique_ptr<platform::Link>> links;
  links.push_back(std::move(link));
  return impl_->start_relays(options, std::move(links));
}

Result<void> Outbox::start_relays(const RelayOptions& options,
                                  std::vector<std::unique_ptr<platform::Link>> links) {
  return impl_->start_relays(options, std::move(links));
}

WriteResult Outbox::write(WriteBody body, const WriteOptions& options) {
  return impl_->write(std::move(body), options);
}

Result<Ticket> Outbox::write_async(WriteBody body, WriteCallback callback, const WriteOptions& options) {
  return impl_->write_async(std::move(body), std::move(callback), options);
}

Result<void> Outbox::read(ReadBody body) { return impl_->read(body); }

Result<std::optional<StateEntry>> Outbox::get(std::string_view key) {
  Result<std::optional<StateEntry>> entry;
  auto done = impl_->read([&](const Reader& reader) -> Result<void> {
    entry = reader.get(key);
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return entry;
}

Result<std::vector<StateEntry>> Outbox::list(std::string_view prefix, std::string_view after,
                                             std::size_t entries_max) {
  Result<std::vector<StateEntry>> entries;
  auto done = impl_->read([&](const Reader& reader) -> Result<void> {
    entries = reader.list(prefix, after, entries_max);
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return entries;
}

Result<void> Outbox::flush(Instant deadline) { return impl_->flush(deadline); }

Result<void> Outbox::pause(std::string_view lane) { return impl_->set_paused(lane, true); }

Result<void> Outbox::resume(std::string_view lane) { return impl_->set_paused(lane, false); }

Result<void> Outbox::remove_lane(std::string_view lane, LaneRemoval removal) {
  return impl_->remove_lane(lane, removal);
}

Result<EventPage> Outbox::events(std::string_view lane, std::int64_t after_seq, std::size_t events_max) {
  return impl_->events(lane, after_seq, events_max);
}

Result<QuarantinePage> Outbox::quarantine(std::string_view lane, std::int64_t after_seq,
                                          std::size_t events_max) {
  return impl_->quarantine(lane, after_seq, events_max);
}

Result<std::size_t> Outbox::requeue(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
  return impl_->requeue(lane, first_seq, last_seq);
}

Result<std::size_t> Outbox::discard(std::string_view lane, std::int64_t first_seq, std::int64_t last_seq) {
  return impl_->discard(lane, first_seq, last_seq);
}

Result<void> Outbox::replay(const ReplayRequest& request) { return impl_->replay(request); }

Result<void> Outbox::backup(const std::string& path) { return impl_->backup(path); }

Result<CheckReport> Outbox::check() { return impl_->check(); }

Statistics Outbox::statistics() const { return impl_->statistics(); }

Result<void> Outbox::close() { return impl_->close(); }

Result<void> check_relay(const StoreOptions& store, const RelayOptions& relay) {
  if (auto done = relay::check_options(relay); !done) return done;
  relay::RelaySetup setup{.options = relay, .device = {}, .topic_prefix = {}, .lanes = {}};
  for (const LaneOptions& lane : store.lanes) setup.lanes.push_back({0, lane.name, lane.priority, 0});
  if (!setup.lanes.empty()) {
    if (auto named = relay::check_lanes(setup); !named) return named;
  }
  return relay::check_profile(relay, publishing_of(store, store.device));
}

Result<void> resize_store(const StoreOptions& options, PlatformView platform) {
  return store::resize(options, platform);
}

}  // namespace holdfast
