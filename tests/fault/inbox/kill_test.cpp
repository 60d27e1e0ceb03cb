// SPDX-License-Identifier: MIT
//
// kill -9 in the middle of an effect, and between events. The child opens its own database after the fork,
// and says on a pipe how far it came.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

constexpr std::int64_t kEvents = 60;

/// Applies 1..kEvents and reports each. With `pause_in`, it reports 'p' inside that event's effect and waits
/// to be killed.
[[noreturn]] void consume(World& world, int report, std::int64_t pause_in) {
  for (std::int64_t seq = 1; seq <= kEvents; ++seq) {
    const auto outcome = world.inbox().apply(event_of(kE1, seq), [&](const CloudEvent& event, sqlite3* sql) {
      auto noted = World::note(event, sql);
      if (seq == pause_in && ::write(report, "p", 1) == 1) ::pause();
      return noted;
    });
    if (!outcome || ::write(report, "a", 1) != 1) ::_exit(1);
  }
  ::pause();
  ::_exit(0);
}

/// Kills the child when it has reported `reports` times, or is inside the effect of `pause_in`. Returns how
/// many events it had reported as applied.
std::int64_t kill_after(World& world, std::int64_t reports, std::int64_t pause_in) {
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    consume(world, pipe_ends[1], pause_in);
  }
  ::close(pipe_ends[1]);
  std::int64_t applied = 0;
  char report = 0;
  while (applied < reports && ::read(pipe_ends[0], &report, 1) == 1 && report == 'a') ++applied;
  ::kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  while (::read(pipe_ends[0], &report, 1) == 1 && report == 'a') ++applied;
  ::close(pipe_ends[0]);
  return applied;
}

void expect_each_once_after_redelivery(World& world, std::int64_t applied) {
  for (std::int64_t seq = 1; seq <= kEvents; ++seq) {
    const Applied outcome = world.outcome_of(event_of(kE1, seq));
    if (seq <= applied) {
      EXPECT_EQ(outcome, Applied::duplicate) << seq;
    }
  }
  EXPECT_EQ(world.effects(), kEvents);
  EXPECT_EQ(world.query("SELECT count(DISTINCT id) FROM effect"), kEvents);
  EXPECT_EQ(world.missing_text(), "");
}

class InboxKillTest : public ::testing::TestWithParam<Home> {};
INSTANTIATE_TEST_SUITE_P(InboxKill, InboxKillTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxKillTest, a_kill_inside_an_effect_leaves_neither_effect_nor_record) {
  for (const std::int64_t pause_in : {1, 2, 30}) {
    World world(GetParam());
    EXPECT_EQ(kill_after(world, kEvents, pause_in), pause_in - 1);
    EXPECT_EQ(world.effects(), pause_in - 1);
    EXPECT_EQ(world.outcome_of(event_of(kE1, pause_in)), Applied::applied);
    expect_each_once_after_redelivery(world, pause_in);
  }
}

TEST_P(InboxKillTest, a_kill_at_any_moment_loses_and_doubles_nothing) {
  for (std::int64_t reports = 1; reports <= kEvents; reports += 5) {
    World world(GetParam());
    const std::int64_t applied = kill_after(world, reports, 0);
    EXPECT_GE(applied, reports);
    expect_each_once_after_redelivery(world, applied);
  }
}

}  // namespace
}  // namespace holdfast::inbox_tests
