// SPDX-License-Identifier: MIT
#include "prove/crash/images.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/event.hpp>
#include <set>

namespace holdfast::prove {
namespace {

using platform::sim::DiskAct;
using platform::sim::DiskImage;
using platform::sim::DiskLog;
using platform::sim::kDiskBlockBytes;
using platform::sim::kDiskSectorBytes;
using testing::ElementsAre;

constexpr std::size_t kBlocks = 4;

/// A log of one file "db" (number 0) that begins with four blocks of 'o'; "wal" (number 1) can be made.
struct Log : DiskLog {
  Log() {
    names = {"db", "wal"};
    files.push_back({0, std::vector<std::byte>(kBlocks * kDiskBlockBytes, std::byte{'o'})});
  }
  void act(DiskAct what, std::uint32_t file, std::uint64_t offset = 0, const std::string& text = {},
           bool names_too = false) {
    operations.push_back(
        {what, file, file, offset, data.size(), static_cast<std::uint32_t>(text.size()), names_too});
    const auto bytes = bytes_of(text);
    data.insert(data.end(), bytes.begin(), bytes.end());
  }
  void write(std::uint32_t file, std::uint64_t block, char letter, std::size_t bytes = kDiskBlockBytes) {
    act(DiskAct::write, file, block * kDiskBlockBytes, std::string(bytes, letter));
  }
};

/// The file's blocks, a letter each; '?' for a block that is not all of one letter, '-' for no file.
std::string letters(const DiskImage& image, const std::string& name) {
  const auto found = image.find(name);
  if (found == image.end()) return "-";
  const auto bytes = found->second->bytes();
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += kDiskBlockBytes) {
    const auto block = std::span(bytes).subspan(at, std::min(kDiskBlockBytes, bytes.size() - at));
    const bool same = std::all_of(block.begin(), block.end(), [&](auto b) { return b == block[0]; });
    const char letter = static_cast<char>(block[0]);
    text += !same ? '?' : letter == '\0' ? '0' : letter;
  }
  return text;
}

std::string built(const CrashImages& images, std::size_t variant) {
  return letters(images.build(variant).image, "db");
}

constexpr std::size_t variant_of(std::size_t operation, std::size_t kind) {
  return 2 + operation * CrashImages::kVariantsPerOperation + kind;
}

TEST(CrashImages, what_was_flushed_is_always_there) {
  Log log;
  log.write(0, 0, 'a');
  log.act(DiskAct::sync, 0);
  CrashImages images(log, 1);
  images.move_to(2);
  EXPECT_EQ(images.variants(), 1U);
  EXPECT_EQ(built(images, 0), "aooo");
}

TEST(CrashImages, of_what_waits_any_subset_may_be_there) {
  Log log;
  log.write(0, 0, 'a');
  log.write(0, 1, 'b');
  log.write(0, 2, 'c');
  CrashImages images(log, 1);
  images.move_to(3);
  EXPECT_EQ(built(images, 0), "oooo");
  EXPECT_EQ(built(images, 1), "abco");
  EXPECT_EQ(built(images, variant_of(1, 0)), "aoco");
  EXPECT_EQ(built(images, variant_of(1, 1)), "oboo");
  EXPECT_EQ(built(images, variant_of(2, 2)), "aboo");
  EXPECT_EQ(built(images, variant_of(1, 3)), "a?oo");
  EXPECT_EQ(built(images, variant_of(1, 4)), "a?co");
  EXPECT_EQ(built(images, variant_of(1, 5)), "a0oo");
}

TEST(CrashImages, a_flush_of_one_file_says_nothing_of_another) {
  Log log;
  log.act(DiskAct::create, 1);
  log.write(1, 0, 'w');
  log.act(DiskAct::sync, 1, 0, {}, true);
  log.write(0, 0, 'a');
  log.write(1, 1, 'x');
  log.act(DiskAct::sync, 1);
  CrashImages images(log, 1);
  images.move_to(6);
  EXPECT_EQ(images.waiting(), 1U);
  const auto none = images.build(0).image;
  EXPECT_EQ(letters(none, "db"), "oooo");
  EXPECT_EQ(letters(none, "wal"), "wx");
}

TEST(CrashImages, a_name_is_there_for_certain_once_its_directory_was_flushed) {
  Log log;
  log.act(DiskAct::create, 1);
  log.write(1, 0, 'w');
  log.act(DiskAct::sync, 1);  // the bytes, and not the name
  log.act(DiskAct::sync, 1, 0, {}, true);
  log.act(DiskAct::remove, 1);
  CrashImages images(log, 1);
  images.move_to(3);
  EXPECT_EQ(letters(images.build(0).image, "wal"), "-");
  EXPECT_EQ(letters(images.build(1).image, "wal"), "w");
  images.move_to(4);
  EXPECT_EQ(letters(images.build(0).image, "wal"), "w");
  images.move_to(5);
  EXPECT_EQ(letters(images.build(0).image, "wal"), "w");
  EXPECT_EQ(letters(images.build(1).image, "wal"), "-");
}

TEST(CrashImages, a_file_may_have_its_new_size_and_not_its_new_bytes) {
  Log log;
  log.write(0, 5, 'e');
  log.act(DiskAct::truncate, 0, 2 * kDiskBlockBytes);
  CrashImages images(log, 1);
  images.move_to(1);
  EXPECT_EQ(built(images, 1), "oooo0e");
  images.move_to(2);
  EXPECT_EQ(built(images, 1), "oo");
  EXPECT_EQ(built(images, variant_of(0, 0)), "oo");
  EXPECT_EQ(built(images, variant_of(1, 0)), "oooo0e");
}

TEST(CrashImages, a_torn_write_keeps_whole_sectors_and_never_all_of_them) {
  Log log;
  log.act(DiskAct::write, 0, 100, std::string(kDiskBlockBytes, 'a'));  // begins and ends within sectors
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CrashImages images(log, seed);
    images.move_to(1);
    const auto image = images.build(variant_of(0, 3)).image;
    const auto bytes = image.at("db")->bytes();
    std::set<char> kinds;
    for (std::size_t at = 0; at < 2 * kDiskBlockBytes; ++at) {
      const bool is_written = at >= 100 && at < 100 + kDiskBlockBytes;
      const char letter = static_cast<char>(bytes[at]);
      if (!is_written) {
        ASSERT_EQ(letter, 'o') << at;
        continue;
      }
      kinds.insert(letter);
      const std::size_t first = std::max<std::size_t>(at / kDiskSectorBytes * kDiskSectorBytes, 100);
      ASSERT_EQ(bytes[at], bytes[first]) << at;
    }
    EXPECT_THAT(kinds, ElementsAre('a', 'o')) << seed;
  }
}

TEST(CrashImages, a_destroyed_block_takes_along_what_was_flushed_in_it_and_nothing_beside_it) {
  Log log;
  log.act(DiskAct::write, 0, kDiskBlockBytes + 10, "x");
  CrashImages images(log, 7);
  images.move_to(1);
  EXPECT_EQ(built(images, variant_of(0, 4)), "o?oo");
  EXPECT_EQ(built(images, variant_of(0, 5)), "o0oo");
}

TEST(CrashImages, equal_images_have_equal_hashes_and_different_ones_different_hashes) {
  Log log;
  log.write(0, 0, 'a');
  log.write(0, 1, 'b');
  log.act(DiskAct::sync, 0);
  log.write(0, 1, 'b');
  log.act(DiskAct::create, 1);
  CrashImages images(log, 1);
  images.move_to(2);
  const std::uint64_t all = images.build(1).hash;
  const std::uint64_t none = images.build(0).hash;
  const std::uint64_t one = images.build(variant_of(1, 0)).hash;
  EXPECT_EQ(std::set({all, none, one}).size(), 3U);
  images.move_to(3);
  EXPECT_EQ(images.build(0).hash, all);
  images.move_to(4);
  EXPECT_EQ(images.build(1).hash, all);  // the same bytes once more
  images.move_to(5);
  EXPECT_NE(images.build(1).hash, all);  // an empty file more
}

TEST(CrashImages, seed_point_and_variant_name_one_image_for_ever) {
  Log log;
  for (char letter = 'a'; letter < 'k'; ++letter)
    log.write(0, static_cast<std::uint64_t>(letter % 4), letter);
  CrashImages one(log, 5);
  CrashImages same(log, 5);
  CrashImages other(log, 6);
  for (CrashImages* images : {&one, &same, &other}) images->move_to(10);
  ASSERT_EQ(one.variants(), 2 + 10 * CrashImages::kVariantsPerOperation + CrashImages::kRandomVariants);
  std::size_t different = 0;
  for (std::size_t variant = 0; variant < one.variants(); ++variant) {
    EXPECT_EQ(one.build(variant).hash, same.build(variant).hash) << one.describe(variant);
    if (one.build(variant).hash != other.build(variant).hash) ++different;
  }
  EXPECT_GT(different, 5U);
}

TEST(CrashImages, says_what_survived) {
  Log log;
  log.write(0, 2, 'a');
  CrashImages images(log, 5);
  images.move_to(1);
  EXPECT_EQ(images.describe(0), "nothing since the last flushes");
  EXPECT_EQ(images.describe(variant_of(0, 1)), "only the write of db at 8192 (4096 bytes)");
}

// --- worse media ---

TEST(LyingMedia, makes_none_of_its_latest_flushes_and_may_have_made_any_part_of_them) {
  Log log;
  log.write(0, 0, 'a');
  log.act(DiskAct::sync, 0);
  log.write(0, 1, 'b');
  log.act(DiskAct::sync, 0);
  std::set<std::string> nothing;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CrashImages images(log, seed, Media::lying);
    images.move_to(4);
    nothing.insert(built(images, 0));
    EXPECT_EQ(built(images, 1), "aboo");
  }
  EXPECT_THAT(nothing, ElementsAre("aooo", "oooo"));  // one lie, or more
}

TEST(LyingMedia, keeps_a_flush_from_speaking_for_what_came_after_it) {
  Log log;
  log.write(0, 0, 'a');
  log.act(DiskAct::sync, 0);
  log.write(0, 1, 'b');
  log.act(DiskAct::create, 1);
  log.act(DiskAct::sync, 1);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CrashImages images(log, seed, Media::lying);
    images.move_to(5);
    EXPECT_NE(built(images, 0)[1],
              'b');  // the flush of another file has come, and with it the first one at most
  }
}

TEST(RolledBackMedia, has_the_images_of_an_honest_one_and_a_world_that_is_further) {
  Log log;
  for (char letter = 'a'; letter < 'k'; ++letter) log.write(0, 0, letter);
  CrashImages honest(log, 5);
  CrashImages images(log, 5, Media::rollback);
  honest.move_to(4);
  images.move_to(4);
  ASSERT_EQ(images.variants(), honest.variants());
  std::set<std::size_t> moments;
  for (std::size_t variant = 0; variant < images.variants(); ++variant) {
    EXPECT_EQ(images.build(variant).hash, honest.build(variant).hash);
    EXPECT_EQ(honest.moment_of(variant), 4U);
    moments.insert(images.moment_of(variant));
  }
  EXPECT_GT(*moments.begin(), 4U);
  EXPECT_LE(*moments.rbegin(), 10U);
  EXPECT_GT(moments.size(), 3U);
}

TEST(RottenMedia, turns_something_in_what_is_not_empty_and_has_variants_where_nothing_waits) {
  Log log;
  log.write(0, 1, '\0');
  log.act(DiskAct::sync, 0);
  CrashImages images(log, 3, Media::bitrot);
  images.move_to(2);
  ASSERT_EQ(images.variants(), 2 * CrashImages::kRotsPerVariant);
  for (std::size_t variant = 0; variant < images.variants(); ++variant) {
    const std::string text = built(images, variant);
    EXPECT_NE(text.find('?'), std::string::npos) << text;
    EXPECT_EQ(text[1], '0');  // there is nothing in it
    EXPECT_THAT(images.describe(variant), testing::EndsWith("with bits turned"));
  }
}

TEST(CollateralDamage, takes_the_whole_16_kib_around_a_block_and_nothing_beside_them) {
  Log log;
  log.files[0].bytes.resize(12 * kDiskBlockBytes, std::byte{'o'});
  log.write(0, 6, 'a');
  CrashImages images(log, 3, Media::collateral);
  images.move_to(1);
  EXPECT_EQ(built(images, 1), "ooooooaooooo");
  EXPECT_EQ(built(images, variant_of(0, 0)), "oooo????oooo");
  EXPECT_EQ(built(images, variant_of(0, 4)), "oooo????oooo");
  EXPECT_EQ(built(images, variant_of(0, 5)), "oooo0000oooo");
}

TEST(Media, is_known_by_its_name) {
  for (const std::string_view name : kMediaNames) EXPECT_EQ(to_string(media_of(name).value()), name);
  EXPECT_FALSE(media_of("perfect"));
}

}  // namespace
}  // namespace holdfast::prove
