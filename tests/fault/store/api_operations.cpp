// SPDX-License-Identifier: MIT
#include "fault/store/api_operations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "unit/store/world.hpp"

namespace holdfast::fault_tests {
namespace {

template <class T>
Told told(const Result<T>& result) {
  return {result ? Result<void>() : tl::unexpected<Error>(result.error())};
}
template <class T, class Text>
Told told(const Result<T>& result, Text text) {
  Told all = told(result);
  if (result) all.value = text(*result);
  return all;
}

std::string ids_of(const std::vector<ArchivedEvent>& events) {
  std::string text;
  for (const ArchivedEvent& event : events) text += std::to_string(event.id.seq) + text_of(event.data) + ' ';
  return text;
}
std::string entries_of(const std::vector<StateEntry>& entries) {
  std::string text;
  for (const StateEntry& entry : entries) text += entry.key + '=' + text_of(entry.value) + ' ';
  return text;
}

// --- writing ---

Told write_all_kinds(ApiWorld& world) {
  return told(world.outbox->write([](Transaction& t) -> Result<void> {
    if (store::test::run_sql(t.sql(), "INSERT INTO note VALUES (7)") != SQLITE_OK)
      return fail(ErrorCode::io_error, "note", "the application's own statement failed");
    if (auto put = t.put("key-9", bytes_of("nine")); !put) return tl::unexpected<Error>(put.error());
    if (auto gone = t.erase("key-1"); !gone) return tl::unexpected<Error>(gone.error());
    for (const char* lane : {"alarm", "telemetry"}) {
      if (auto id = t.add(store::test::event(lane, "new")); !id) return tl::unexpected<Error>(id.error());
    }
    return {};
  }));
}

Told write_async(ApiWorld& world) {
  const auto ticket = world.outbox->write_async([](Transaction& t) -> Result<void> {
    return t.add(store::test::event("alarm", "async")).map([](const EventId&) {});
  });
  if (!ticket) return told(ticket);
  const auto outcome = ticket->wait();
  EXPECT_TRUE(ticket->done());
  return told(outcome);
}

// As an application does it: with the same key until there is an answer.
Told write_until_answered(ApiWorld& world) {
  WriteOptions options;
  options.idempotency_key = "new-key";
  auto outcome = world.write("key-9", "nine", options);
  for (int attempt = 0; !outcome && attempt < 5; ++attempt) {
    world.vfs.disarm();
    world.clock.advance(std::chrono::minutes(2));
    if (world.outbox->statistics().store.degraded) {
      (void)world.close();
      EXPECT_TRUE(world.open());
    }
    outcome = world.write("key-9", "nine", options);
  }
  return told(outcome);
}

// The answer of before, whatever the disk does now.
Told write_again(ApiWorld& world) {
  WriteOptions options;
  options.idempotency_key = "asked";
  return told(world.write("asked", "twice", options),
              [](const Receipt& r) { return r.repeated ? "repeated" : "new"; });
}

void add_writing(std::vector<Operation>& all) {
  all.push_back({.name = "write",
                 .covers = {"Outbox::write", "Transaction::put", "Transaction::add", "Transaction::erase",
                            "Reader::sql"},
                 .run = write_all_kinds,
                 .changes = true,
                 .met_at_least = 20});
  all.push_back({.name = "write_async",
                 .covers = {"Outbox::write_async", "Ticket::wait", "Ticket::done"},
                 .run = write_async,
                 .changes = true,
                 .met_at_least = 20});
  all.push_back({.name = "write_until_answered",
                 .covers = {},
                 .run = write_until_answered,
                 .changes = true,
                 .met_at_least = 20});
  all.push_back({.name = "write_again", .covers = {}, .run = write_again});
}

// --- reading ---

void add_reading(std::vector<Operation>& all) {
  all.push_back({.name = "get", .covers = {"Outbox::get", "Reader::get"}, .run = [](ApiWorld& world) {
                   return told(world.outbox->get("key-1"), [](const std::optional<StateEntry>& entry) {
                     return entry ? text_of(entry->value) : "none";
                   });
                 }});
  all.push_back({.name = "list", .covers = {"Outbox::list", "Reader::list"}, .run = [](ApiWorld& world) {
                   return told(world.outbox->list("key-"), entries_of);
                 }});
  all.push_back({.name = "read", .covers = {"Outbox::read"}, .run = [](ApiWorld& world) {
                   std::string seen;
                   const auto done = world.outbox->read([&](const Reader& reader) -> Result<void> {
                     const auto entries = reader.list("", "", 100);
                     if (!entries) return tl::unexpected<Error>(entries.error());
                     seen = entries_of(*entries);
                     return {};
                   });
                   return Told{done, seen};
                 }});
  all.push_back({.name = "events", .covers = {"Outbox::events"}, .run = [](ApiWorld& world) {
                   return told(world.outbox->events("telemetry", 0),
                               [](const EventPage& page) { return ids_of(page.events); });
                 }});
  all.push_back({.name = "quarantine", .covers = {"Outbox::quarantine"}, .run = [](ApiWorld& world) {
                   return told(world.outbox->quarantine("telemetry", 0),
                               [](const QuarantinePage& page) { return std::to_string(page.events.size()); });
                 }});
  all.push_back({.name = "statistics", .covers = {"Outbox::statistics"}, .run = [](ApiWorld& world) {
                   const Statistics all_of_it = world.outbox->statistics();
                   return Told{{}, std::to_string(all_of_it.lanes.size())};
                 }});
  // An I/O error is no damage: nothing may be set aside for it.
  all.push_back({.name = "check", .covers = {"Outbox::check"}, .run = [](ApiWorld& world) {
                   return told(world.outbox->check(), [](const CheckReport& report) {
                     return std::to_string(report.rows_checked) + ' ' + std::to_string(report.rows_damaged) +
                            ' ' + std::to_string(report.findings.size());
                   });
                 }});
}

// --- operating ---

// The loss is declared first, and in a commit of its own: a lane may hold more than one commit can.
bool is_declared_and_still_there(const std::vector<std::string>& lines) {
  return std::find(lines.begin(), lines.end(), "lane old committed 3 settled 3 backlog 0 lost 3 drained") !=
         lines.end();
}

void add_operating(std::vector<Operation>& all) {
  all.push_back({.name = "pause",
                 .covers = {"Outbox::pause"},
                 .run = [](ApiWorld& world) { return told(world.outbox->pause("telemetry")); },
                 .changes = true,
                 .met_at_least = 10});
  all.push_back({.name = "resume",
                 .covers = {"Outbox::resume"},
                 .run = [](ApiWorld& world) { return told(world.outbox->resume("telemetry")); },
                 .changes = true,
                 .met_at_least = 10,
                 .prepare = [](ApiWorld& world) { EXPECT_TRUE(world.outbox->pause("telemetry")); }});
  all.push_back({.name = "remove_lane_when_settled",
                 .covers = {"Outbox::remove_lane"},
                 .run =
                     [](ApiWorld& world) {
                       return told(world.outbox->remove_lane("spare", LaneRemoval::when_settled));
                     },
                 .changes = true,
                 .met_at_least = 10});
  all.push_back(
      {.name = "remove_lane_and_declare",
       .covers = {"Outbox::remove_lane"},
       .run =
           [](ApiWorld& world) { return told(world.outbox->remove_lane("old", LaneRemoval::declare_loss)); },
       .changes = true,
       .met_at_least = 20,
       .on_error = OnError::part,
       .is_part = is_declared_and_still_there});
  all.push_back({.name = "requeue",
                 .covers = {"Outbox::requeue"},
                 .run =
                     [](ApiWorld& world) {
                       return told(world.outbox->requeue("telemetry", 5, 6),
                                   [](std::size_t count) { return std::to_string(count); });
                     },
                 .changes = true,
                 .met_at_least = 10});
  all.push_back({.name = "discard",
                 .covers = {"Outbox::discard"},
                 .run =
                     [](ApiWorld& world) {
                       return told(world.outbox->discard("telemetry", 1, 100),
                                   [](std::size_t count) { return std::to_string(count); });
                     },
                 .changes = true,
                 .met_at_least = 10});
  all.push_back({.name = "close",
                 .covers = {"Outbox::close"},
                 .run = [](ApiWorld& world) { return told(world.close()); },
                 .met_at_least = 2,
                 .prepare = [](ApiWorld& world) { EXPECT_TRUE(world.outbox->pause("spare")); }});
}

// --- files ---

// The copy is whole, or is no store that opens as if it were.
Told back_up(ApiWorld& world) {
  const std::string copy = world.dir / "copy.db";
  const auto done = world.outbox->backup(copy);
  world.vfs.disarm();
  StoreOptions options = world.options();
  options.path = copy;
  options.create = false;
  auto opened = Outbox::open(options, world.platform());
  if (!done) {
    EXPECT_FALSE(opened) << "a backup that failed opens";
    return told(done);
  }
  EXPECT_TRUE(opened);
  if (!opened) return told(done);
  const auto events = (*opened)->events("telemetry", 0);
  const auto entries = (*opened)->list("");
  return {done, events && entries ? ids_of(events->events) + entries_of(*entries) : "unreadable"};
}

Told open(ApiWorld& world) { return told(world.open()); }

StoreOptions with_another_lane(const ApiWorld& world) {
  StoreOptions options = world.options();
  options.lanes = {{.name = "extra", .priority = 4}, {.name = "telemetry", .priority = 2}};
  return options;
}

// The default for a store that has none yet would be 64 MiB, written in each run.
StoreOptions with_small_budget(const ApiWorld& world) {
  StoreOptions options = world.options();
  options.budget_bytes = 1024 * 1024;
  return options;
}

void open_with_small_budget(ApiWorld& world) {
  EXPECT_TRUE(world.outbox || world.open(with_small_budget(world)));
}

StoreOptions with_one_lane(const ApiWorld& world) {
  StoreOptions options = with_small_budget(world);
  options.lanes = {{.name = "alarm", .priority = 0}};
  return options;
}

Told resize(ApiWorld& world, std::uint64_t bytes) {
  StoreOptions options = world.options();
  options.budget_bytes = bytes;
  return told(resize_store(options, world.platform()));
}

void add_files(std::vector<Operation>& all) {
  all.push_back(
      {.name = "open", .covers = {"Outbox::open"}, .run = open, .met_at_least = 20, .begins_closed = true});
  all.push_back({.name = "open_with_another_lane",
                 .covers = {"Outbox::open"},
                 .run = [](ApiWorld& world) { return told(world.open(with_another_lane(world))); },
                 .changes = true,
                 .met_at_least = 20,
                 .on_error = OnError::either,
                 .begins_closed = true});
  all.push_back({.name = "open_of_version_1",
                 .covers = {"Outbox::open"},
                 .run = [](ApiWorld& world) { return told(world.open(with_small_budget(world))); },
                 .met_at_least = 30,
                 .image = &old_store,
                 .begins_closed = true,
                 .finish = open_with_small_budget,
                 .step = 29});
  all.push_back(
      {.name = "create",
       .covers = {"Outbox::open"},
       .run = [](ApiWorld& world) { return told(world.open(with_one_lane(world))); },
       .met_at_least = 30,
       .image = nullptr,
       .begins_closed = true,
       .finish = [](ApiWorld& world) { EXPECT_TRUE(world.outbox || world.open(with_one_lane(world))); },
       .step = 29});
  all.push_back(
      {.name = "backup", .covers = {"Outbox::backup"}, .run = back_up, .met_at_least = 20, .step = 29});
  all.push_back({.name = "resize_to_more",
                 .covers = {"resize_store"},
                 .run = [](ApiWorld& world) { return resize(world, 2 * 1024 * 1024); },
                 .changes = true,
                 .met_at_least = 20,
                 .on_error = OnError::either,
                 .begins_closed = true,
                 .step = 97});
  all.push_back({.name = "resize_to_less",
                 .covers = {"resize_store"},
                 .run = [](ApiWorld& world) { return resize(world, 1024 * 1024); },
                 .changes = true,
                 .met_at_least = 20,
                 .on_error = OnError::either,
                 .image = &larger_store,
                 .begins_closed = true,
                 .step = 97});
}

// --- with relays ---

void start(ApiWorld& world, std::size_t relays) {
  RelayOptions options;
  options.broker.url = "mqtt://broker";
  options.presence = false;
  options.commands = false;
  if (relays == 1) {
    EXPECT_TRUE(world.outbox->start_relay(options, world.broker.make_link()));
    return;
  }
  std::vector<std::unique_ptr<platform::Link>> links;
  for (std::size_t i = 0; i < relays; ++i) links.push_back(world.broker.make_link());
  EXPECT_TRUE(world.outbox->start_relays(options, std::move(links)));
}

/// All that waits has been acknowledged, and what was requeued too.
bool drained(const Outbox& outbox) {
  const Statistics now = outbox.statistics();
  return std::all_of(now.lanes.begin(), now.lanes.end(), [](const LaneStatistics& lane) {
    return lane.backlog_events == 0 && lane.quarantined_events == (lane.name == "telemetry" ? 2 : 0);
  });
}

/// By id, what the broker took; no id stands for two payloads.
std::string arrived(ApiWorld& world) {
  std::map<std::string, std::vector<std::byte>> events;
  for (const MqttMessage& message : world.broker.accepted()) {
    for (const auto& [name, value] : message.user_properties) {
      if (name != "id" || value.ends_with("-epoch") || value.find("-gap-") != std::string::npos) continue;
      EXPECT_EQ(events.emplace(value, message.payload).first->second, message.payload) << value;
    }
  }
  return std::to_string(events.size());
}

constexpr std::uint64_t kRetained = 4;  // settled events of the made store

/// Relays drain on a disk that fails, until they meet the fault or have drained, and the outbox is closed on it; then on
/// one that is well.
Told deliver(ApiWorld& world, std::size_t relays, bool replays) {
  start(world, relays);
  EXPECT_TRUE(world.run_until([&] { return drained(*world.outbox) || world.vfs.fired(); }));
  if (replays && world.outbox->replay({.lane = "telemetry"})) {
    // Best effort, and forgotten at close(): what it sends again is checked by its ids alone.
    EXPECT_TRUE(world.run_until(
        [&] { return world.outbox->statistics().relay.resent >= kRetained || world.vfs.fired(); }));
  }
  const auto closed = world.close();
  const bool fired = world.vfs.fired();
  world.vfs.disarm();
  EXPECT_TRUE(closed || fired);
  EXPECT_TRUE(world.open());
  if (!world.outbox) return told(closed);
  start(world, relays);
  EXPECT_TRUE(world.run_until([&] { return drained(*world.outbox); }));
  const auto flushed = world.outbox->flush(world.clock.now());
  EXPECT_TRUE(world.close());
  const std::string events = arrived(world);
  return {flushed, replays ? "" : events};
}

void add_relays(std::vector<Operation>& all) {
  const auto relays = [](std::size_t count, bool replays) {
    return [count, replays](ApiWorld& world) { return deliver(world, count, replays); };
  };
  all.push_back({.name = "relay",
                 .covers = {"Outbox::start_relay", "Outbox::flush"},
                 .run = relays(1, false),
                 .changes = true,
                 .met_at_least = 5,
                 .step = 17});
  all.push_back({.name = "several_relays",
                 .covers = {"Outbox::start_relays"},
                 .run = relays(2, false),
                 .changes = true,
                 .met_at_least = 5,
                 .step = 17});
  all.push_back({.name = "replay",
                 .covers = {"Outbox::replay"},
                 .run = relays(1, true),
                 .changes = true,
                 .met_at_least = 5,
                 .step = 17});
}

}  // namespace

std::vector<Operation> operations() {
  std::vector<Operation> all;
  add_writing(all);
  add_reading(all);
  add_operating(all);
  add_files(all);
  add_relays(all);
  return all;
}

}  // namespace holdfast::fault_tests
