// SPDX-License-Identifier: MIT
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>
#include <holdfast/platform/link.hpp>

#include "runtime/relay_thread.hpp"
#include "runtime/store_thread.hpp"

namespace holdfast {
namespace {

tl::unexpected<Error> inside_closure(const char* where) {
  return fail(
      ErrorCode::invalid, where,
      "called from inside a closure or callback: use the transaction you were given, or another thread");
}

}  // namespace

class Outbox::Impl {
 public:
  Impl(const StoreOptions& options, PlatformView platform, std::unique_ptr<store::Store> store)
      : options_(options),
        platform_(platform),
        process_(platform.host.process_id()),
        store_(std::move(store), platform.clock, options.settle_delay_max) {}

  Result<void> start_relay(const RelayOptions& options, std::unique_ptr<platform::Link> link) {
    if (auto done = guard("start the relay"); !done) return done;
    if (auto done = relay::check_options(options); !done) return done;
    if (link == nullptr) return fail(ErrorCode::invalid, "start the relay", "there is no link");
    const std::lock_guard life(life_mutex_);
    if (relay_) return fail(ErrorCode::invalid, "start the relay", "a relay runs already");
    relay::RelaySetup setup{
        .options = options, .device = {}, .topic_prefix = options_.topic_prefix, .lanes = {}};
    auto done = store_.run([&](store::Store& store) {
      setup.device = store.device();
      for (const store::LaneRecord& lane : store.lanes()) {
        setup.lanes.push_back({lane.lane, lane.name, lane.priority, lane.cursor});
      }
    });
    if (!done) return done;
    if (setup.lanes.empty()) {  // every store has one
      return fail(ErrorCode::io_error, "start the relay", "the store had an I/O error and is not open now");
    }
    if (setup.options.broker.client_id.empty()) setup.options.broker.client_id = setup.device;
    auto relay = std::make_unique<runtime::RelayThread>(std::move(setup), std::move(link), store_, platform_);
    const std::lock_guard lock(relay_mutex_);
    relay_ = std::move(relay);
    return {};
  }

  WriteResult write(WriteBody body) {
    const auto ticket = write_async(std::move(body), {});
    if (!ticket) return tl::unexpected<Error>(ticket.error());
    return ticket->wait(Instant::max());  // bounded by the writes that wait before it
  }

  Result<Ticket> write_async(WriteBody body, WriteCallback callback) {
    if (auto done = guard("write"); !done) return tl::unexpected<Error>(done.error());
    if (!body) return fail(ErrorCode::invalid, "write", "there is no closure");
    return store_.write(std::move(body), std::move(callback));
  }

  Result<void> read(const ReadBody& body) {
    if (auto done = guard("read"); !done) return done;
    if (!body) return fail(ErrorCode::invalid, "read", "there is no closure");
    Result<void> outcome;
    auto done = store_.run([&](store::Store& store) { outcome = store.read(body); });
    return done ? outcome : done;
  }

  Result<void> flush(Instant deadline) {
    if (auto done = guard("flush"); !done) return done;
    return store_.flush(deadline);
  }

  Statistics statistics() const {
    Statistics all{.store = store_.store_statistics(), .relay = {}, .lanes = store_.lane_statistics()};
    const std::lock_guard lock(relay_mutex_);
    if (relay_) all.relay = relay_->statistics();
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
  std::mutex life_mutex_;           // one start or close at a time; both may take seconds
  mutable std::mutex relay_mutex_;  // guards the pointer below against statistics()
  std::unique_ptr<runtime::RelayThread> relay_;
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
  return impl_->start_relay(options, std::move(link));
}

WriteResult Outbox::write(WriteBody body, const WriteOptions& /*options*/) { return impl_->write(std::move(body)); }

Result<Ticket> Outbox::write_async(WriteBody body, WriteCallback callback, const WriteOptions& /*options*/) {
  return impl_->write_async(std::move(body), std::move(callback));
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

Statistics Outbox::statistics() const { return impl_->statistics(); }

Result<void> Outbox::close() { return impl_->close(); }

}  // namespace holdfast
