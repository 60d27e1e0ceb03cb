#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>

using namespace holdfast;

int main() {
  const platform::LinuxPlatform board;
  StoreOptions store;
  store.path = "device.db";
  store.device = "pi-042";
  store.lanes = {{.name = "telemetry"}};
  RelayOptions relay;
  relay.broker.url = "mqtt://localhost";

  auto outbox = Outbox::open(store, board.view()).value();
  if (!outbox->start_relay(relay, platform::make_linux_link())) return 1;
  const auto stored = outbox->write([](Transaction& t) -> Result<void> {
    if (auto put = t.put("fan", bytes_of("on")); !put) return tl::unexpected(put.error());
    return t.add({.lane = "telemetry", .key = "fan", .type = "com.example.fan.v1", .content_type = "text/plain",
                  .data = bytes_of("on")}).map([](const EventId&) {});
  });  // on success both survive a power cut; otherwise neither is there, and stored.error().text() says why
  const bool acknowledged = outbox->flush(board.clock().now() + std::chrono::seconds(10)).has_value();
  return stored && acknowledged && outbox->close() ? 0 : 1;
}
