// SPDX-License-Identifier: MIT
//
// apply() in one transaction: record, effect, commit. The record comes first, so that a duplicate costs no
// effect, and both are committed or neither is. After an I/O error the inbox's own connection is opened again
// before it is used, because what the disk holds is not known until it was read.
#include <chrono>
#include <holdfast/inbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/disk.hpp>

#include "inbox/database.hpp"

namespace holdfast {

std::string_view to_string(Applied outcome) noexcept {
  switch (outcome) {
    case Applied::applied: return "applied";
    case Applied::duplicate: return "duplicate";
    case Applied::declared: return "declared";
    case Applied::announced: return "announced";
    case Applied::rejected: return "rejected";
  }
  return "unknown";
}

class Inbox::Impl {
 public:
  Impl(const InboxOptions& options, const PlatformView& platform, std::unique_ptr<inbox::Database> database)
      : options_(options), clock_(platform.clock), database_(std::move(database)) {}

  Result<ApplyOutcome> apply(const CloudEvent& event, const Effect& effect);
  Result<std::vector<MissingRange>> missing(std::size_t ranges_max);
  Result<std::vector<Rewind>> rewinds(std::size_t rewinds_max);
  Result<std::size_t> sweep(std::size_t rows_max);
  InboxStatistics statistics();

 private:
  Result<void> get_ready();
  Result<ApplyOutcome> apply_in_transaction(const CloudEvent& event, const Effect& effect);
  Result<void> commit();
  void roll_back();
  /// Tells a full disk from a budget, and notes when the connection is not to be used any more.
  Error account_for(Error error);
  void count(Applied outcome) noexcept;
  std::int64_t wall_seconds() const;

  InboxOptions options_;
  platform::Clock& clock_;
  std::unique_ptr<inbox::Database> database_;
  bool reopen_ = false;
  InboxStatistics statistics_;
};

Result<ApplyOutcome> Inbox::Impl::apply(const CloudEvent& event, const Effect& effect) {
  if (auto ready = get_ready(); !ready) return inbox::failed(ready);
  if (auto begun = database_->begin(); !begun) return tl::unexpected<Error>(account_for(begun.error()));
  auto outcome = apply_in_transaction(event, effect);
  if (!outcome) {
    roll_back();
    return outcome;
  }
  if (outcome->outcome == Applied::rejected) {
    roll_back();
  } else if (auto done = commit(); !done) {
    return inbox::failed(done);
  }
  count(outcome->outcome);
  return outcome;
}

Result<ApplyOutcome> Inbox::Impl::apply_in_transaction(const CloudEvent& event, const Effect& effect) {
  auto outcome = database_->ledger().record(event, wall_seconds());
  if (!outcome) return tl::unexpected<Error>(account_for(outcome.error()));
  if (outcome->outcome != Applied::applied) return outcome;
  if (auto done = database_->run(effect, event); !done) return tl::unexpected<Error>(done.error());
  return outcome;
}

Result<std::vector<MissingRange>> Inbox::Impl::missing(std::size_t ranges_max) {
  if (auto ready = get_ready(); !ready) return inbox::failed(ready);
  return database_->ledger().missing(ranges_max);
}

Result<std::vector<Rewind>> Inbox::Impl::rewinds(std::size_t rewinds_max) {
  if (auto ready = get_ready(); !ready) return inbox::failed(ready);
  return database_->ledger().rewinds(rewinds_max);
}

Result<std::size_t> Inbox::Impl::sweep(std::size_t rows_max) {
  if (auto ready = get_ready(); !ready) return inbox::failed(ready);
  if (auto begun = database_->begin(); !begun) return tl::unexpected<Error>(account_for(begun.error()));
  auto swept = database_->ledger().sweep(wall_seconds() - options_.foreign_retention.count(), rows_max);
  if (!swept) {
    roll_back();
    return tl::unexpected<Error>(account_for(swept.error()));
  }
  if (auto done = commit(); !done) return inbox::failed(done);
  return swept;
}

InboxStatistics Inbox::Impl::statistics() {
  InboxStatistics now = statistics_;
  // What cannot be read now is reported as it was last.
  if (database_ != nullptr && database_->ledger().count(now)) statistics_ = now;
  return now;
}

Result<void> Inbox::Impl::get_ready() {
  if (!reopen_) {
    if (!database_->in_transaction()) return {};
    return fail(ErrorCode::invalid, "use inbox",
                "the connection is in a transaction: not from inside an effect, and not before COMMIT");
  }
  database_.reset();  // one connection per file: the old one goes first
  auto database = inbox::Database::open(options_);
  if (!database) return inbox::failed(database);
  database_ = std::move(*database);
  reopen_ = false;
  return {};
}

Result<void> Inbox::Impl::commit() {
  if (auto done = database_->commit(); !done) return tl::unexpected<Error>(account_for(done.error()));
  if (!database_->checkpoint_when_due()) ++statistics_.checkpoint_errors;
  return {};
}

void Inbox::Impl::roll_back() {
  database_->roll_back();
  if (database_->is_own() && database_->in_transaction()) reopen_ = true;  // that failed: drop the connection
}

Error Inbox::Impl::account_for(Error error) {
  if (!database_->is_own()) return error;
  if (error.code == ErrorCode::full) error.code = ErrorCode::disk_full;  // our own file has no budget
  reopen_ = reopen_ || error.code == ErrorCode::io_error || error.code == ErrorCode::outcome_unknown ||
            error.code == ErrorCode::corrupt || database_->in_transaction();
  return error;
}

void Inbox::Impl::count(Applied outcome) noexcept {
  switch (outcome) {
    case Applied::applied: ++statistics_.applied; break;
    case Applied::duplicate: ++statistics_.duplicates; break;
    case Applied::declared: ++statistics_.declared; break;
    case Applied::announced: break;
    case Applied::rejected: ++statistics_.rejected; break;
  }
}

std::int64_t Inbox::Impl::wall_seconds() const {
  return std::chrono::floor<std::chrono::seconds>(clock_.wall().utc).time_since_epoch().count();
}

namespace {

Result<void> check_options(const InboxOptions& options) {
  if (options.intervals_max == 0 || options.sources_max == 0 || options.foreign_retention.count() < 0) {
    return fail(ErrorCode::invalid, "open inbox",
                "intervals_max and sources_max are at least 1, foreign_retention at least 0");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Inbox>> Inbox::open(const InboxOptions& options, PlatformView platform) {
  if (auto good = check_options(options); !good) return inbox::failed(good);
  auto database = inbox::Database::open(options);
  if (!database) {
    Error error = std::move(database.error());
    const bool held = error.code == ErrorCode::busy;
    if (const auto owner = held ? platform.disk.lock_owner(options.path) : std::nullopt) {
      error.hint = "held by " + *owner + "; " + error.hint;
    }
    return tl::unexpected<Error>(std::move(error));
  }
  auto impl = std::make_unique<Impl>(options, platform, std::move(*database));
  return std::unique_ptr<Inbox>(new Inbox(std::move(impl)));
}

Result<std::unique_ptr<Inbox>> Inbox::attach(sqlite3* db, const InboxOptions& options,
                                             PlatformView platform) {
  if (auto good = check_options(options); !good) return inbox::failed(good);
  auto database = inbox::Database::attach(db, options);
  if (!database) return inbox::failed(database);
  auto impl = std::make_unique<Impl>(options, platform, std::move(*database));
  return std::unique_ptr<Inbox>(new Inbox(std::move(impl)));
}

Inbox::Inbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inbox::~Inbox() = default;

Result<ApplyOutcome> Inbox::apply(const CloudEvent& event, const Effect& effect) {
  return impl_->apply(event, effect);
}
Result<std::vector<MissingRange>> Inbox::missing(std::size_t ranges_max) const {
  return impl_->missing(ranges_max);
}
Result<std::vector<Rewind>> Inbox::rewinds(std::size_t rewinds_max) const {
  return impl_->rewinds(rewinds_max);
}
Result<std::size_t> Inbox::sweep(std::size_t rows_max) { return impl_->sweep(rows_max); }
InboxStatistics Inbox::statistics() const { return impl_->statistics(); }

}  // namespace holdfast
