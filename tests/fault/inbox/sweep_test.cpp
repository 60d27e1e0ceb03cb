// SPDX-License-Identifier: MIT
//
// Every function of the inbox on a disk whose n-th operation fails, for every n until it is not reached. Afterwards, used
// and opened again on a disk that is well, and also had the process been killed right after the call: what is there is
// what was there before or what the call leaves, and the caller was told which; `outcome_unknown` may be either. So may
// `disk_full` when the process is killed before it asks again: half of the last page of a commit may be enough of it. The
// message comes again, and is a duplicate.
#include <sqlite3.h>

#include <filesystem>

#include "support/fault_vfs.hpp"
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using test_support::Fault;

using Lines = std::vector<std::string>;
enum class Begins { open, attached, closed, with_nothing };

/// An inbox on a disk that fails when told to: in a file of its own, or attached to the application's connection.
struct Desk {
  explicit Desk(Begins how) : begins(how) {
    options.path = dir / "inbox.db";
    options.vfs = vfs.name();
    clock.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56)), true});
  }
  ~Desk() { close(); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  Result<void> open() {
    if (begins == Begins::attached && db == nullptr) {
      constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      EXPECT_EQ(sqlite3_open_v2(options.path.c_str(), &db, kFlags, vfs.name().c_str()), SQLITE_OK);
      EXPECT_TRUE(
          World::run(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL"));  // no shared memory here
    }
    const PlatformView view{clock, disk, entropy, host};
    auto opened = db == nullptr ? Inbox::open(options, view) : Inbox::attach(db, options, view);
    if (!opened) return tl::unexpected<Error>(opened.error());
    inbox = std::move(*opened);
    return {};
  }
  void close() {
    inbox.reset();
    EXPECT_EQ(sqlite3_close(std::exchange(db, nullptr)), SQLITE_OK);
  }
  Result<ApplyOutcome> apply(const CloudEvent& event) {
    return inbox->apply(event, [](const CloudEvent& applied, sqlite3* sql) -> Result<void> {
      if (auto made = World::run(sql, "CREATE TABLE IF NOT EXISTS effect (id TEXT NOT NULL)"); !made)
        return made;
      return World::note(applied, sql);
    });
  }
  void copy_from(const std::string& path) const {
    for (const char* end : {"", "-wal"}) {
      if (std::filesystem::exists(path + end)) std::filesystem::copy_file(path + end, options.path + end);
    }
  }
  /// What was applied, what is missing, which rewinds were seen.
  Lines look() {
    Lines lines;
    EXPECT_FALSE(
        inbox->apply(foreign_event("urn:test", "look"), [&](const CloudEvent&, sqlite3* sql) -> Result<void> {
          const auto note = [](void* to, int, char** columns, char**) {
            static_cast<Lines*>(to)->push_back(columns[0]);
            return 0;
          };
          EXPECT_EQ(sqlite3_exec(sql, "SELECT id FROM effect ORDER BY 1", note, &lines, nullptr), SQLITE_OK)
              << sqlite3_errmsg(sql);
          return fail(ErrorCode::unavailable, "look only");
        }));
    const auto not_now = [](const CloudEvent&, sqlite3*) -> Result<void> {
      return fail(ErrorCode::unavailable, "look only");
    };
    for (const char* id : {"old one", "new one"})
      lines.push_back(std::string(id) +
                      (inbox->apply(foreign_event("urn:test", id), not_now) ? " known" : " not known"));
    const auto missing = inbox->missing();
    EXPECT_TRUE(missing);
    for (std::size_t i = 0; missing && i < missing->size(); ++i)
      lines.push_back("missing " + std::to_string((*missing)[i].first) + '-' +
                      std::to_string((*missing)[i].last));
    const auto rewinds = inbox->rewinds();
    EXPECT_TRUE(rewinds);
    lines.push_back("rewinds " + std::to_string(rewinds ? rewinds->size() : 99));
    return lines;
  }

  Begins begins;
  test_support::TempDir dir;
  test_support::FaultVfs vfs;
  platform::sim::VirtualClock clock;
  platform::sim::ScriptedDisk disk;
  platform::sim::SeededEntropy entropy{1};
  platform::sim::ScriptedHost host;
  InboxOptions options;
  sqlite3* db = nullptr;
  std::unique_ptr<Inbox> inbox;
};

/// Events 1 to 3, 5 and 8 of the first epoch, and a foreign one.
struct Made {
  Made() {
    EXPECT_TRUE(desk.open());
    EXPECT_TRUE(desk.apply(epoch_of(kE1, std::nullopt)));
    for (const std::int64_t seq : {1, 2, 3, 5, 8}) EXPECT_TRUE(desk.apply(event_of(kE1, seq)));
    EXPECT_TRUE(desk.apply(foreign_event("urn:test", "old one")));
    desk.close();
    for (const char* end : {"", "-wal"}) {
      if (std::filesystem::exists(desk.options.path + end))
        std::filesystem::copy_file(desk.options.path + end, kept / ("kept" + std::string(end)));
    }
  }
  [[nodiscard]] std::string path() const { return kept / "kept"; }
  test_support::TempDir kept;
  Desk desk{Begins::open};
};

struct Told {
  Result<void> result;
  std::string value = {};
};
template <class T>
Told told(const Result<T>& result, const std::string& value = {}) {
  if (!result) return {tl::unexpected<Error>(result.error())};
  return {{}, value};
}
Told told_outcome(const Result<ApplyOutcome>& outcome) {
  return told(outcome, outcome ? std::string(to_string(outcome->outcome)) : "");
}

struct Operation {
  std::string name;
  std::function<Told(Desk&)> run;
  Begins begins = Begins::open;
  int met_at_least = 0;
};
std::ostream& operator<<(std::ostream& out, const Operation& operation) { return out << operation.name; }

std::vector<Operation> operations() {
  const auto applying = [](CloudEvent event) {
    return [event = std::move(event)](Desk& desk) { return told_outcome(desk.apply(event)); };
  };
  const auto sweep = [](Desk& desk) {
    desk.clock.advance(std::chrono::hours(24 * 30));
    const auto swept = desk.inbox->sweep();
    return told(swept, swept ? std::to_string(*swept) : "");
  };
  const auto open = [](Desk& desk) { return told(desk.open()); };
  return {
      {"apply_an_event", applying(event_of(kE1, 4)), Begins::open, 10},
      {"apply_an_event_attached", applying(event_of(kE1, 4)), Begins::attached, 10},
      {"apply_a_known_event", applying(event_of(kE1, 3))},
      {"apply_a_gap_record", applying(gap_of(kE1, 6, 7)), Begins::open, 10},
      {"apply_an_epoch_record", applying(epoch_of(kE2, kE1, {{"telemetry", 4}})), Begins::open, 10},
      {"apply_a_foreign_event", applying(foreign_event("urn:test", "new one")), Begins::open, 10},
      {"missing",
       [](Desk& desk) {
         const auto missing = desk.inbox->missing();
         return told(missing, missing ? std::to_string(missing->size()) : "");
       }},
      {"rewinds",
       [](Desk& desk) {
         const auto rewinds = desk.inbox->rewinds();
         return told(rewinds, rewinds ? std::to_string(rewinds->size()) : "");
       }},
      {"sweep", sweep, Begins::open, 5},
      {"statistics",
       [](Desk& desk) {
         return Told{{}, std::to_string(desk.inbox->statistics().applied)};
       }},
      {"open", open, Begins::closed, 5},
      {"attach", open, Begins::attached, 0},
      {"create", open, Begins::with_nothing, 20},
  };
}

struct Sight {
  Told told;
  Lines lines;
  Lines killed;
  bool fired = false;
};

struct InboxSweep : ::testing::TestWithParam<Operation> {
  static const Made& made() {
    static const Made the_made;
    return the_made;
  }

  /// Opens it if need be, applies one more event, and looks.
  static Lines use_and_look(Desk& desk) {
    EXPECT_TRUE(desk.inbox || desk.open());
    if (!desk.inbox) return {};
    const CloudEvent more = event_of(kE3, 1);
    EXPECT_TRUE(desk.apply(more) || desk.apply(more))
        << "the first one may find that it has to open the file again";
    desk.close();
    EXPECT_TRUE(desk.open());
    return desk.inbox ? desk.look() : Lines();
  }

  static Sight run(const Operation& operation, const Fault* fault) {
    Sight seen;
    test_support::TempDir aside;
    {
      Desk desk(operation.begins);
      if (operation.begins != Begins::with_nothing) desk.copy_from(made().path());
      const bool opens_now = operation.begins == Begins::open || operation.begins == Begins::attached;
      EXPECT_TRUE(!opens_now || desk.open());
      if (operation.name == "attach") desk.inbox.reset();
      if (fault != nullptr) desk.vfs.arm(*fault);
      seen.told = operation.run(desk);
      seen.fired = desk.vfs.fired();
      desk.vfs.disarm();
      for (const char* end : {"", "-wal"}) {
        if (std::filesystem::exists(desk.options.path + end))
          std::filesystem::copy_file(desk.options.path + end, aside / ("kept" + std::string(end)));
      }
      seen.lines = use_and_look(desk);
    }
    if (!seen.fired) return seen;
    Desk desk(Begins::open);
    desk.copy_from(aside / "kept");
    seen.killed = use_and_look(desk);
    return seen;
  }

  void expect_truth(const Result<void>& told, const Lines& lines, bool killed) const {
    if (told) {
      EXPECT_EQ(lines, goal.lines) << "told ok";
    } else if (lines != before.lines) {
      EXPECT_EQ(lines, goal.lines);
      const bool may_be = told.error().code == ErrorCode::outcome_unknown ||
                          (killed && told.error().code == ErrorCode::disk_full);
      EXPECT_TRUE(may_be) << told.error().text();
    }
  }

  int sweep(Fault fault) {
    constexpr int kRunsMax = 400;
    for (int runs = 0; runs < kRunsMax; ++runs) {
      SCOPED_TRACE(to_string(fault) + " number " + std::to_string(fault.nth));
      const Sight now = run(GetParam(), &fault);
      if (!now.fired) return runs;
      EXPECT_TRUE(!now.told.result || now.told.value == goal.told.value) << now.told.value;
      expect_truth(now.told.result, now.lines, false);
      const ::testing::ScopedTrace killed(__FILE__, __LINE__, "killed right after the call");
      expect_truth(now.told.result, now.killed, true);
      if (HasFailure()) return runs;
      fault.nth += fault.nth < 12 && !fault.sticky ? 1 : 5;
    }
    ADD_FAILURE() << "the sweep does not end";
    return kRunsMax;
  }

  Sight before;
  Sight goal;
};

TEST_P(InboxSweep, ends_before_or_after_and_tells_the_truth) {
  Operation nothing = GetParam();
  nothing.run = [](Desk&) { return Told{}; };
  before = run(nothing, nullptr);
  goal = run(GetParam(), nullptr);
  int met = 0;
  for (const Fault& fault : test_support::kSweptFaults) {
    met += sweep(fault);
    if (HasFailure()) break;
  }
  EXPECT_GE(met, GetParam().met_at_least) << "the faults were hardly met";
  std::printf("%d faults\n", met);
}

std::string name_of(const ::testing::TestParamInfo<Operation>& operation) { return operation.param.name; }

INSTANTIATE_TEST_SUITE_P(Inbox, InboxSweep, ::testing::ValuesIn(operations()), name_of);

}  // namespace
}  // namespace holdfast::inbox_tests
