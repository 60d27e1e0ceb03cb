// SPDX-License-Identifier: MIT
//
// A corpus of damaged stores. Each page of a store, of every kind, has bits turned at seeded places, is zeroed, or
// holds another page; the file is cut, its tail zeroed, its WAL damaged, or another file put in its place. Every
// opening ends without a crash, and of every event that was committed and not settled one of these is true:
//
//  1. it is fetched, with its own id, key and data;
//  2. it is in quarantine, or a gap record covers it;
//  3. it is above what the new epoch says its parent ended with;
//  4. the opening says that it failed.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <random>

#include "fault/store/damaged_world.hpp"

namespace holdfast::store::test {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kRowsOfPageMax = 40;  // of 60 bytes of data, and what they carry

struct DamagedStore : ::testing::Test {
  /// One world for all cases: it is only read, and put() starts anew.
  static DamagedWorld& world() {
    static DamagedWorld the_world;
    return the_world;
  }

  /// Page numbers by what they hold, as SQLite's own dbstat says: "hf_lane_2 leaf"; "free" is the free-list.
  static std::map<std::string, std::vector<std::size_t>> pages() {
    std::map<std::string, std::vector<std::size_t>> pages;
    world().put(world().closed());
    RawDatabase raw(world().device.path());
    std::set<std::size_t> used;
    for (const std::string& row :
         rows_of(raw.handle(), "SELECT pageno || ' ' || name || ' ' || pagetype FROM dbstat")) {
      const auto blank = row.find(' ');
      pages[row.substr(blank + 1)].push_back(std::stoul(row.substr(0, blank)));
      used.insert(std::stoul(row.substr(0, blank)));
    }
    for (std::size_t page = 1; page <= world().closed().database.size() / kPage; ++page) {
      if (!used.contains(page)) pages["free"].push_back(page);
    }
    return pages;
  }

  Fate put_and_look(const Image& image) {
    world().put(image);
    Fate fate = world().fate();
    ++openings;
    if (!fate.error.empty()) ++errors;
    total.fetched += fate.fetched;
    total.quarantined += fate.quarantined;
    total.declared += fate.declared;
    total.beyond_end += fate.beyond_end;
    if (!fate.error.empty()) refused[fate.error]++;
    return fate;
  }

  void damage(const std::string& kind, std::size_t number, const std::function<void(char* page)>& change) {
    Image image = world().closed();
    change(image.database.data() + (number - 1) * kPage);
    const Fate fate = put_and_look(image);
    if (kind.starts_with("sqlite_schema")) return;
    // The last rows of a lane, and the root above them, are all that knows how far the newest epoch came.
    const bool leads_to_rows = kind.ends_with("leaf") || kind.ends_with("internal");
    EXPECT_EQ(fate.beyond_end, leads_to_rows ? fate.beyond_end : 0U);
    EXPECT_LE(fate.declared + fate.beyond_end,
              kind.ends_with("internal") ? world().unsettled() : kRowsOfPageMax);
  }

  void report() {
    std::printf(
        "%zu openings: %zu refused; events fetched %zu, quarantined %zu, declared %zu, beyond the end %zu\n",
        openings, errors, total.fetched, total.quarantined, total.declared, total.beyond_end);
    for (const auto& [error, times] : refused) std::printf("  %d times: %s\n", times, error.c_str());
  }
  void TearDown() override { report(); }

  std::size_t openings = 0;
  std::size_t errors = 0;
  Fate total;
  std::map<std::string, int> refused;
  std::mt19937 random{20'261'125};
};

TEST_F(DamagedStore, that_is_whole_is_opened_as_it_is) {
  for (const Image& image : {world().closed(), world().crashed()}) {
    const Fate fate = put_and_look(image);
    EXPECT_EQ(fate.error, "");
    EXPECT_EQ(fate.fetched + fate.quarantined, world().unsettled());
    EXPECT_EQ(fate.quarantined, 3U);
    EXPECT_TRUE(world().set_asides().empty());
  }
}

// A page that says where tables are takes the tables with it; of any other page nobody loses more than it holds.
TEST_F(DamagedStore, of_which_any_page_has_turned_bits_opens_and_loses_nothing_silently) {
  for (const auto& [kind, numbers] : pages()) {
    for (const std::size_t number : numbers) {
      for (int i = 0; i < 3; ++i) {
        const std::size_t byte = i == 0 ? random() % 100 : random() % kPage;
        const auto bit = static_cast<int>(random() % 8);
        SCOPED_TRACE(kind + " page " + std::to_string(number) + " byte " + std::to_string(byte) + " bit " +
                     std::to_string(bit));
        damage(kind, number, [&](char* page) { page[byte] = static_cast<char>(page[byte] ^ (1 << bit)); });
      }
    }
  }
  EXPECT_EQ(errors, 0U);
}

TEST_F(DamagedStore, of_which_any_page_is_zeroed_opens_and_loses_nothing_silently) {
  for (const auto& [kind, numbers] : pages()) {
    for (const std::size_t number : numbers) {
      SCOPED_TRACE(kind + " page " + std::to_string(number));
      damage(kind, number, [](char* page) { std::fill(page, page + kPage, '\0'); });
    }
  }
  EXPECT_EQ(errors, 0U);
}

TEST_F(DamagedStore, of_which_any_page_is_noise_opens_and_loses_nothing_silently) {
  for (const auto& [kind, numbers] : pages()) {
    for (const std::size_t number : numbers) {
      SCOPED_TRACE(kind + " page " + std::to_string(number));
      damage(kind, number, [&](char* page) {
        std::generate(page, page + kPage, [&] { return static_cast<char>(random()); });
      });
    }
  }
  EXPECT_EQ(errors, 0U);
}

// Cross-linked: a page of one kind where one of another belongs, and an old page of the same kind.
TEST_F(DamagedStore, of_which_any_page_holds_another_opens_and_loses_nothing_silently) {
  const std::size_t count = world().closed().database.size() / kPage;
  for (const auto& [kind, numbers] : pages()) {
    for (const std::size_t number : numbers) {
      const std::size_t other = random() % count;
      SCOPED_TRACE(kind + " page " + std::to_string(number) + " holds " + std::to_string(other + 1));
      damage(kind, number,
             [&](char* page) { std::copy_n(world().closed().database.data() + other * kPage, kPage, page); });
    }
  }
}

TEST_F(DamagedStore, that_was_cut_short_or_ends_in_zeros) {
  const std::size_t size = world().closed().database.size();
  for (std::size_t left : {std::size_t{0}, std::size_t{1}, std::size_t{99}, std::size_t{512}, kPage - 1,
                           kPage, 2 * kPage, size / 4 + 100, size / 2, size - kPage, size - 1}) {
    for (const Image& whole : {world().closed(), world().crashed()}) {
      left = std::min(left, whole.database.size());
      SCOPED_TRACE("first " + std::to_string(left) + " of " + std::to_string(size));
      Image cut = whole;
      cut.database.resize(left);
      put_and_look(cut);
      Image zeroed = whole;
      std::fill(zeroed.database.begin() + static_cast<std::ptrdiff_t>(left), zeroed.database.end(), '\0');
      put_and_look(zeroed);
    }
  }
}

TEST_F(DamagedStore, whose_wal_is_damaged) {
  const Image& whole = world().crashed();
  for (int i = 0; i < 60; ++i) {
    Image image = whole;
    const std::size_t byte = i < 8 ? random() % 32 : random() % image.wal.size();
    image.wal[byte] = static_cast<char>(image.wal[byte] ^ (1 << (random() % 8)));
    SCOPED_TRACE("byte " + std::to_string(byte));
    put_and_look(image);
    image = whole;
    image.wal.resize(random() % image.wal.size());
    put_and_look(image);
    if (HasFailure()) return;
  }
}

TEST_F(DamagedStore, whose_file_was_exchanged_is_refused_and_left_alone) {
  Device other;
  RawDatabase(other.path()).run("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  for (const std::string& file : {std::string("This is a letter, and no database at all.\n"),
                                  std::string(100'000, 'x'), test_support::read_file(other.path())}) {
    world().put({file, ""});
    std::filesystem::remove(world().device.path() + "-wal");
    const Fate fate = world().fate();
    EXPECT_NE(fate.error.find("invalid"), std::string::npos) << fate.error;
    EXPECT_EQ(test_support::read_file(world().device.path()), file);
    EXPECT_TRUE(world().set_asides().empty());
  }
}

}  // namespace
}  // namespace holdfast::store::test
