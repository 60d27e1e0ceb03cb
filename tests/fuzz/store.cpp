// SPDX-License-Identifier: MIT
//
// Damaged stores through the product's own opening. The input changes bytes of a small store's files (its database and
// WAL as a clean close left them, or as a crash did); the store is opened, read as an application and a relay read it,
// written to, checked and closed, and opened once more. Nothing crashes, everything ends, and nothing is made up: an
// event that comes out went in, with this id, key, topic and data. How much a damaged store may lose is the business of
// fault/store (damaged_store_test), where the damage is one place.
//
//   first byte   odd: the crashed files, even: the closed ones
//   then acts    kind, page (a byte, among those that hold something), and what the kind asks for
#include "store/store.hpp"

#include <sqlite3.h>

#include <holdfast/check.hpp>
#include <holdfast/platform/sim.hpp>
#include <map>

#include "fuzz/input.hpp"
#include "sim/crash_disk.hpp"

namespace holdfast::store {
namespace {

using platform::sim::DiskImage;
using platform::sim::ImageFile;

constexpr const char* kPath = "/store.db";
constexpr const char* kWalPath = "/store.db-wal";
constexpr std::size_t kPage = 4096;
constexpr int kRoundsMax = 2000;  // of anything that must come to an end

/// What an id stands for.
struct Known {
  std::string key;
  std::string topic;
  std::vector<std::byte> data;
};
using Id = std::tuple<std::string, std::uint64_t, std::int64_t>;  // lane, epoch, seq

struct Files {
  std::vector<std::byte> database;
  std::vector<std::byte> wal;
};

struct Rig {
  platform::sim::CrashDisk disk;
  platform::sim::VirtualClock clock;
  platform::sim::ScriptedHost host;

  Rig() { clock.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56)), true}); }
  [[nodiscard]] StoreOptions options() const {
    StoreOptions options;
    options.path = kPath;
    options.device = "device-1";
    options.lanes = {{.name = "alarm", .priority = 0}, {.name = "telemetry", .priority = 1}};
    options.budget_bytes = 1024 * 1024;
    options.vfs = disk.vfs();
    return options;
  }
  [[nodiscard]] Result<std::unique_ptr<Store>> open(platform::sim::SeededEntropy& entropy) {
    return Store::open(options(), {clock, disk, entropy, host});
  }
  [[nodiscard]] std::vector<std::byte> bytes_of_file(const char* path) const {
    const auto found = disk.image().find(path);
    return found == disk.image().end() ? std::vector<std::byte>() : found->second->bytes();
  }
  void kill(std::unique_ptr<Store>& store) {
    disk.set_dead(true);
    store.reset();
    disk.set_dead(false);
  }
};

/// Adds an event, and remembers what it was told.
bool add(Store& store, const std::string& lane, const std::string& key, const std::string& text,
         std::map<Id, Known>& known) {
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    if (auto put = t.put(key, bytes_of(text)); !put) return tl::unexpected<Error>(put.error());
    const auto id =
        t.add({.lane = lane, .key = key, .type = "t", .content_type = "text/plain", .data = bytes_of(text)});
    return id ? Result<void>() : tl::unexpected<Error>(id.error());
  };
  WriteJob job{.body = &body, .idempotency_key = text.size() % 5 == 0 ? std::string_view(key) : ""};
  store.commit_group(std::span(&job, 1));
  if (!job.outcome || job.outcome->repeated) return false;
  const EventId& id = job.outcome->events.at(0);
  const auto data = bytes_of(text);
  known[{lane, id.epoch.bits, id.seq}] = {
      key, "holdfast/device-1/" + lane + '/' + key, {data.begin(), data.end()}};
  return true;
}

/// A store with several epochs, settled and quarantined events, state, leases: made once, always the same.
class Seed {
 public:
  Seed() {
    platform::sim::seed_sqlite(1);
    platform::sim::SeededEntropy entropy(7);
    auto store = open(entropy);
    fill(*store, 1);
    for (std::int64_t seq = 1; seq <= 6; ++seq) store->settle(2, fetched(*store, 2, seq));
    HOLDFAST_CHECK(store->store_settled(true).has_value());
    HOLDFAST_CHECK(store->close().has_value());
    store = open(entropy);
    fill(*store, 2);
    HOLDFAST_CHECK(store->quarantine({2, fetched(*store, 2, 9), 0x99, "payload format invalid", {}}));
    HOLDFAST_CHECK(store->quarantine({2, fetched(*store, 2, 12), 0x99, "payload format invalid", {}}));
    HOLDFAST_CHECK(store->requeue("telemetry", 12, 12).has_value());
    store->expect_relays(2, std::chrono::seconds(30));
    HOLDFAST_CHECK(store->claim_shares({0, {}}).has_value());
    rig_.host.boot = "boot-2";
    store.reset();
    store = open(entropy);
    fill(*store, 3);
    crashed = {rig_.bytes_of_file(kPath), rig_.bytes_of_file(kWalPath)};
    HOLDFAST_CHECK(store->close().has_value());
    closed = {rig_.bytes_of_file(kPath), rig_.bytes_of_file(kWalPath)};
    rig_.disk.mount({});
  }

  Files closed;
  Files crashed;
  std::map<Id, Known> known;

 private:
  std::unique_ptr<Store> open(platform::sim::SeededEntropy& entropy) {
    auto opened = rig_.open(entropy);
    HOLDFAST_CHECK(opened.has_value());
    return std::move(*opened);
  }
  void fill(Store& store, int round) {
    for (int i = 0; i < 12; ++i) {
      const std::string key = "sensor-" + std::to_string(i % 4);
      std::string text = "round " + std::to_string(round) + " event " + std::to_string(i) + ' ';
      text.resize(i == 7 ? 6000 : 40 + static_cast<std::size_t>(i), 'x');
      HOLDFAST_CHECK(add(store, i % 4 == 0 ? "alarm" : "telemetry", key, text, known) || round > 1);
    }
  }
  static std::int64_t fetched(Store& store, LaneNumber lane, std::int64_t seq) {
    const auto got = store.fetch({lane, seq - 1, 1, 100'000});
    HOLDFAST_CHECK(got && got->events.size() == 1 && got->events[0].seq == seq);
    return seq;
  }
  Rig rig_;
};

/// The file with its changes.
class Damage {
 public:
  Damage(fuzz::Input& in, const Files& files) : in_(in), files_{files.database, files.wal} {
    constexpr int kActsMax = 64;
    for (int i = 0; i < kActsMax && !in_.empty(); ++i) act();
  }
  [[nodiscard]] const std::vector<std::byte>& database() const { return files_[0]; }
  [[nodiscard]] const std::vector<std::byte>& wal() const { return files_[1]; }

 private:
  /// Only where the file holds something: the provisioned rest is zeros.
  static std::size_t pages_of(const std::vector<std::byte>& file) {
    const auto last = std::find_if(file.rbegin(), file.rend(), [](std::byte b) { return b != std::byte{0}; });
    return static_cast<std::size_t>(file.rend() - last) / kPage + 1;
  }
  std::span<std::byte> page(std::vector<std::byte>& file) {
    const std::size_t at = std::min(in_.byte() % pages_of(file) * kPage, file.size());
    return std::span(file).subspan(at, std::min(kPage, file.size() - at));
  }
  void act() {
    const std::uint8_t kind = in_.byte();
    std::vector<std::byte>& file = files_[kind >> 7U];
    if (file.empty()) return;
    const std::span<std::byte> there = page(file);
    const std::size_t at = in_.number(2) % kPage;
    switch (kind % 6) {
      case 0: return overwrite(there, at, in_.bytes());
      case 1:
        if (at < there.size()) there[at] ^= std::byte{1} << (in_.byte() % 8);
        return;
      case 2: return fill(there, at / 512 * 512, 512);
      case 3: return fill(there, 0, kPage);
      case 4: {  // a page of the same file, or of the other one, in its place
        const std::span<std::byte> other = page(files_[at % 2]);
        std::copy_n(other.begin(), std::min(other.size(), there.size()), there.begin());
        return;
      }
      default:
        if (at % 4 == 0)
          file.resize(static_cast<std::size_t>(there.data() - file.data()) + at % (there.size() + 1));
        return;
    }
  }
  static void overwrite(std::span<std::byte> there, std::size_t at, fuzz::Bytes bytes) {
    for (const std::byte b : bytes) {
      if (at < there.size()) there[at++] = b;
    }
  }
  static void fill(std::span<std::byte> there, std::size_t at, std::size_t bytes) {
    for (; bytes > 0 && at < there.size(); --bytes) there[at++] = std::byte{0};
  }

  fuzz::Input& in_;
  std::array<std::vector<std::byte>, 2> files_;
};

/// Reads as an application and a relay do. Errors are fine; what is there has to be true.
class Look {
 public:
  Look(Store& store, std::map<Id, Known>& known) : store_(store), known_(known) {
    for (const LaneRecord& lane : store.lanes()) lanes_.emplace(lane.lane, lane.options.name);
  }

  void all() {
    for (const auto& [number, name] : lanes_) {
      fetch(number, name);
      archive(name);
      (void)store_.quarantined(name, 0, 100);
      replay(name);
    }
    requeued();
    (void)store_.control_records();
    (void)store_.read([](const Reader& reader) -> Result<void> {
      const auto entries = reader.list("", "", 1000);
      return entries ? Result<void>() : tl::unexpected<Error>(entries.error());
    });
    (void)store_.lane_statistics();
    (void)store_.statistics();
  }

  void expect_known(const std::string& lane, const StoredEvent& event) {
    const auto found = known_.find({lane, event.epoch.bits, event.seq});
    HOLDFAST_CHECK(found != known_.end());
    HOLDFAST_CHECK(found->second.data == event.data && found->second.key == event.key);
    HOLDFAST_CHECK(found->second.topic == event.topic);
  }

 private:
  void fetch(LaneNumber number, const std::string& name) {
    std::int64_t after = 0;
    for (int round = 0;; ++round) {
      HOLDFAST_CHECK(round < kRoundsMax);
      const auto got = store_.fetch({number, after, 64, 1 << 20});
      if (!got) return;
      for (const StoredEvent& event : got->events) expect_known(name, event);
      if (!got->more) return;
      after = got->end_seq;
    }
  }
  void archive(const std::string& name) {
    std::int64_t after = 0;
    for (int round = 0;; ++round) {
      HOLDFAST_CHECK(round < kRoundsMax);
      const auto page = store_.events(name, after, 64);
      if (!page) return;
      for (const ArchivedEvent& event : page->events) {
        const auto found = known_.find({name, event.id.epoch.bits, event.id.seq});
        HOLDFAST_CHECK(found != known_.end() && found->second.data == event.data);
      }
      if (!page->more) return;
      after = page->end_seq;
    }
  }
  void replay(const std::string& name) {
    ReplayQuestion question{.lane = name, .last_seq = 1000};
    for (int round = 0;; ++round) {
      HOLDFAST_CHECK(round < kRoundsMax);
      const auto page = store_.replay(question);
      if (!page) return;
      for (const StoredEvent& event : page->events) expect_known(name, event);
      if (!page->more) return;
      question.after_seq = page->end_seq;
    }
  }
  void requeued() {
    RequeuedPlace after;
    for (int round = 0;; ++round) {
      HOLDFAST_CHECK(round < kRoundsMax);
      const auto got = store_.requeued(after);
      if (!got) return;
      for (const StoredEvent& event : got->events) {
        const auto lane = lanes_.find(event.lane);
        if (lane != lanes_.end()) expect_known(lane->second, event);
      }
      if (!got->more) return;
      after = got->end;
    }
  }

  Store& store_;
  std::map<Id, Known>& known_;
  std::map<LaneNumber, std::string> lanes_;
};

void work(Store& store, std::map<Id, Known>& known) {
  Look(store, known).all();
  add(store, "alarm", "after", "after the damage", known);
  add(store, "telemetry", "after", "and once more", known);
  (void)store.store_settled(true);
  store.checkpoint_if_due();
  for (int round = 0;; ++round) {
    HOLDFAST_CHECK(round < kRoundsMax);
    const auto more = store.keep_house();
    if (!more || !*more) break;
  }
  store.begin_check();
  for (int round = 0; store.check_slice(); ++round) HOLDFAST_CHECK(round < kRoundsMax);
  (void)store.end_check();
  (void)store.requeue("telemetry", 1, 100);
  Look(store, known).all();
  (void)store.discard("telemetry", 1, 100);
  (void)store.remove_lane("telemetry", LaneRemoval::declare_loss);
}

}  // namespace

HOLDFAST_FUZZ_TARGET(store) {
  static const Seed seed;
  static Rig rig;
  fuzz::Input in(input);
  const Damage damage(in, (in.byte() & 1U) != 0 ? seed.crashed : seed.closed);
  platform::sim::seed_sqlite(2);
  platform::sim::SeededEntropy entropy(11);
  DiskImage image;
  image[kPath] = std::make_shared<ImageFile>(damage.database());
  if (!damage.wal().empty()) image[kWalPath] = std::make_shared<ImageFile>(damage.wal());
  rig.disk.mount(std::move(image));
  std::map<Id, Known> known = seed.known;
  for (int opening = 0; opening < 2; ++opening) {
    auto opened = rig.open(entropy);
    if (!opened) break;
    std::unique_ptr<Store> store = std::move(*opened);
    if (opening == 0) {
      work(*store, known);
      rig.kill(store);
    } else {
      Look(*store, known).all();
      (void)store->close();
    }
  }
  rig.disk.mount({});
}

}  // namespace holdfast::store
