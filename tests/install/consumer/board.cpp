// SPDX-License-Identifier: MIT
// Opens an outbox where none can be: needs the library, SQLite and both platforms.
#include <cstdio>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>

int main() {
  const holdfast::platform::sim::VirtualClock clock;
  const auto sensor = holdfast::platform::sim::make_seeded_sensor("temperature", "Cel", 1, clock);
  const auto link = holdfast::platform::make_linux_link();
  const holdfast::platform::LinuxPlatform board;

  holdfast::StoreOptions options;
  options.device = "consumer";
  options.path = "/nonexistent/holdfast.db";
  options.lanes = {{.name = "telemetry"}};
  const auto outbox = holdfast::Outbox::open(options, board.view());
  if (outbox) return 1;
  std::puts(outbox.error().text().c_str());
  return sensor && link ? 0 : 1;
}
