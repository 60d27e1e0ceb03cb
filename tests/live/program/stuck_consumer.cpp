// SPDX-License-Identifier: MIT
// A consumer that never finishes its effect: program_stuck_consumer INBOX URL CLIENT-ID TOPIC. It says "in
// the effect" when it has written to its table and waits there, before the commit, to be killed.
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>

#include <holdfast/consumer.hpp>
#include <holdfast/platform/linux.hpp>

namespace {

using namespace holdfast;

Result<void> write_and_stand_still(const CloudEvent& /*event*/, sqlite3* db) {
  const int rc =
      sqlite3_exec(db,
                   "CREATE TABLE effects (id TEXT, source TEXT, committed_ns INTEGER, applied_ns INTEGER);"
                   "INSERT INTO effects VALUES ('half', 'done', 0, 0)",
                   nullptr, nullptr, nullptr);
  std::puts(rc == SQLITE_OK ? "in the effect" : sqlite3_errmsg(db));
  std::fflush(stdout);
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  const platform::LinuxPlatform platform;
  InboxOptions inbox_options;
  inbox_options.path = argv[1];
  ConsumerOptions options;
  options.broker.url = argv[2];
  options.broker.client_id = argv[3];
  options.filters = {argv[4]};
  auto inbox = Inbox::open(inbox_options, platform.view());
  if (!inbox) return 1;
  const auto consumer = Consumer::start(options, platform::make_linux_link(), std::move(*inbox),
                                        write_and_stand_still, nullptr, platform.view());
  if (!consumer) return 1;
  for (;;) ::pause();
}
