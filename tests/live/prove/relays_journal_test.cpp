// SPDX-License-Identifier: MIT
#include "prove/relays/journal.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "prove/relays/link.hpp"
#include "prove/relays/plan.hpp"
#include "relays_evidence.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::prove {
namespace {

using namespace test;
using test_support::TempDir;

TEST(RelaysJournal, reads_back_every_kind_of_line) {
  for (const JournalLine& line :
       {life(), connects(3), publishes(2, event_id(7), "key-1"),
        JournalLine{ClaimStep::not_taken, 2, event_id(7)}, acknowledged(8, event_id(7)),
        refused(1, event_id(9)), at(123'456'789'012, drops(4))}) {
    const auto read = journal_line(to_text(line));
    ASSERT_TRUE(read) << to_text(line);
    EXPECT_EQ(to_text(*read), to_text(line));
    EXPECT_EQ(read->connection, line.connection);
    EXPECT_EQ(read->id, line.id);
    EXPECT_EQ(read->key, line.key);
    EXPECT_EQ(read->at_ms, line.at_ms);
  }
}

TEST(RelaysJournal, refuses_lines_that_make_no_sense) {
  for (const char* text :
       {"", "life .", "1 lives .", "1 connects .", "1 connects two .", "1 publishes 1 id .",
        "1 publishes 1 id key more .", "1 acknowledged 1 .", "1 publishes 1 id key"})
    EXPECT_FALSE(journal_line(text)) << text;
}

TEST(RelaysJournal, a_reader_waits_for_the_end_of_a_line_that_is_being_written) {
  const TempDir dir;
  const std::string path = dir / "journal";
  JournalReader reader(path);
  reader.read_more();
  EXPECT_TRUE(reader.lines().empty());
  std::ofstream out(path, std::ios::binary);
  out << "1 life .\n2 connects 1 .\n3 publi" << std::flush;
  reader.read_more();
  EXPECT_EQ(reader.lines().size(), 2U);
  out << "shes 1 id key .\nnonsense\n" << std::flush;
  reader.read_more();
  reader.read_more();
  ASSERT_EQ(reader.lines().size(), 3U);
  EXPECT_EQ(reader.lines().back().key, "key");
  EXPECT_EQ(reader.unreadable(), 1U);
}

TEST(RelaysJournal, the_beginning_of_a_line_is_no_fault_of_a_process_that_was_killed) {
  const TempDir dir;
  for (const char* torn : {"2 acknowledged 1 id", "2", "2 publishes 1 id key"}) {
    const std::string path = dir / torn;
    std::ofstream(path, std::ios::binary) << "1 life .\n" << torn;
    {
      const auto journal = Journal::open(path);
      ASSERT_TRUE(journal);
      (*journal)->add(life());
    }
    JournalReader reader(path);
    reader.read_more();
    ASSERT_EQ(reader.lines().size(), 2U);
    EXPECT_EQ(reader.lines().back().step, ClaimStep::life);
    EXPECT_GT(reader.lines().back().at_ms, 0);
    EXPECT_EQ(reader.unreadable(), 0U);
  }
}

TEST(RelaysJournal, goes_on_behind_whole_lines_without_an_empty_one) {
  const TempDir dir;
  const std::string path = dir / "journal";
  for (int i = 0; i < 2; ++i) (*Journal::open(path))->add(connects(1));
  EXPECT_EQ(test_support::read_file(path).find("\n\n"), std::string::npos);
}

TEST(RelaysJournal, the_beginning_of_a_line_is_a_fault_anywhere_else) {
  const TempDir dir;
  for (const char* rest : {"3 connects 1 .\n", "more nonsense\n4 life .\n", ""}) {
    const std::string path = dir / "journal";
    std::ofstream(path, std::ios::binary) << "1 life .\n\n2 connec\n" << rest;
    JournalReader reader(path);
    reader.read_more();
    EXPECT_EQ(reader.unreadable(), 1U) << rest;
  }
}

TEST(RelaysPlan, is_the_same_for_the_same_seed_and_has_each_trouble_once) {
  std::set<std::size_t> connections;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RelaysPlan plan = make_relays_plan(seed, 4, true);
    const RelaysPlan again = make_relays_plan(seed, 4, true);
    std::set<LinkTrouble> troubles;
    for (std::size_t i = 0; i < plan.faults.size(); ++i) {
      EXPECT_EQ(plan.faults[i].trouble, again.faults[i].trouble);
      EXPECT_EQ(plan.faults[i].connection, again.faults[i].connection);
      EXPECT_EQ(plan.faults[i].calm, again.faults[i].calm);
      troubles.insert(plan.faults[i].trouble);
      connections.insert(plan.faults[i].connection);
      if (plan.faults[i].trouble == LinkTrouble::away) {
        EXPECT_GT(plan.faults[i].lasts, kLeaseTerm);
      }
    }
    EXPECT_EQ(troubles.size(), std::size_t{kLinkTroubles});
  }
  EXPECT_EQ(connections, (std::set<std::size_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace holdfast::prove
