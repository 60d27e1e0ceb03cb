// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

// Exit code 0 when the child is refused, and its copy of the outbox goes away without waiting for threads that it
// does not have.
int in_child(std::unique_ptr<Outbox> outbox) {
  if (outcome(outbox->write(adding())) != "invalid") return 1;
  if (outcome(outbox->get("lamp")) != "invalid") return 2;
  if (outcome(outbox->close()) != "invalid") return 3;
  outbox.reset();
  return 0;
}

TEST(OutboxFork, refuses_a_forked_child_and_goes_on_in_the_parent) {
  const platform::LinuxPlatform linux_platform;
  World world;
  world.close();
  auto outbox = Outbox::open(world.options(), linux_platform.view()).value();
  ASSERT_TRUE(outbox->write(adding()));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(60);  // a child that hangs is killed
    ::_exit(in_child(std::move(outbox)));
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(outbox->write(adding())->events[0].seq, 2);
  EXPECT_TRUE(outbox->close());
}

}  // namespace
}  // namespace holdfast::runtime_tests
