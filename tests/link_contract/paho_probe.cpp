// SPDX-License-Identifier: MIT
#include "link_contract/paho_probe.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#include <holdfast/platform/linux.hpp>

#include "link_contract/world.hpp"

// The main() of the test program, and what it does when it is run as a child.
namespace holdfast::link_contract {
namespace {

constexpr std::chrono::milliseconds kUntilDropIsInsidePaho{500};

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

struct Probe {
  std::unique_ptr<Clock> clock = make_linux_clock();
  Waker waker;
  std::unique_ptr<Link> link = make_linux_link();
  ConnectRequest request;

  Probe(const std::string& url, const std::string& client_id) {
    link->set_waker(&waker);
    request.broker.url = url;
    request.broker.client_id = client_id;
  }

  void keep_session() {
    request.clean_start = false;
    request.session_expiry = std::chrono::hours(1);
  }

  /// Ends the process when the event does not come.
  void wait_for(LinkEventKind kind) {
    const Instant deadline = clock->now() + std::chrono::seconds(20);
    while (clock->now() < deadline) {
      std::array<LinkEvent, 1> event;
      if (link->poll(event) == 0) {
        clock->wait_until(deadline, waker);
      } else if (event[0].kind == kind) {
        return;
      }
    }
    say("overdue");
    std::_Exit(3);
  }

  void begin() {
    if (!link->connect(request)) std::_Exit(4);
    wait_for(LinkEventKind::connected);
  }

  void subscribe() {
    if (!link->subscribe(1, "t/#")) std::_Exit(5);
  }
};

int probe_will(Probe& probe, const std::string& client_id) {
  probe.request.will = Will{message("wills/" + client_id, "gone")};
  probe.request.will->message.content_type = "text/plain";
  probe.request.will->message.user_properties = {{"cause", "death"}};
  probe.begin();
  say("connected");
  for (;;) ::pause();
}

int probe_block(Probe& probe) {
  probe.keep_session();
  probe.link->set_receiver([](const MqttMessage& received) {
    say("got " + received.topic);
    for (;;) ::pause();
    return Delivery::acknowledge;
  });
  probe.begin();
  probe.subscribe();
  for (;;) ::pause();
}

int probe_withhold(Probe& probe, bool while_dropping) {
  probe.keep_session();
  std::atomic<bool> receiving{false};
  probe.link->set_receiver([&](const MqttMessage& received) {
    say("got " + received.topic);
    receiving = true;
    if (while_dropping) std::this_thread::sleep_for(kUntilDropIsInsidePaho);
    return Delivery::withhold;
  });
  probe
      .begin();  // the kept session has a subscription; the message may be here before a second one could be asked
  if (!while_dropping) {
    probe.wait_for(LinkEventKind::withheld);
    say("withheld");
  } else {
    while (!receiving) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  probe.link->drop();
  say("dropped");
  const auto again = probe.link->connect(probe.request);
  say(again ? "connecting" : std::string(to_string(again.error().code)));
  return 0;
}

int probe_proxy(Probe& probe) {
  const auto result = probe.link->connect(probe.request);
  say(result ? "connecting" : std::string(to_string(result.error().code)) + " " + result.error().hint);
  return 0;
}

[[nodiscard]] long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

int probe_churn(Probe& probe) {
  MqttMessage sent = message("t", std::string(1000, 'x'));
  sent.user_properties.assign(10, {"name", std::string(500, 'v')});
  const auto round = [&] {
    probe.begin();
    for (LinkToken token = 0; token < 20; ++token)
      if (!probe.link->publish(token, sent)) std::_Exit(6);
    for (int answers = 0; answers < 20; ++answers) probe.wait_for(LinkEventKind::acknowledged);
    probe.link->drop();
  };
  for (int count = 0; count < 10; ++count) round();
  const long before = resident_kib();
  for (int count = 0; count < 50; ++count) round();
  say(std::to_string(resident_kib() - before));
  return 0;
}

int run_probe(const std::string& mode, const std::string& url, const std::string& client_id) {
  Probe probe(url, client_id);
  if (mode == "will") return probe_will(probe, client_id);
  if (mode == "block") return probe_block(probe);
  if (mode == "withhold") return probe_withhold(probe, false);
  if (mode == "withhold-while-dropping") return probe_withhold(probe, true);
  if (mode == "proxy") return probe_proxy(probe);
  if (mode == "churn") return probe_churn(probe);
  return 64;
}

}  // namespace

std::vector<std::string> probe_command(const std::string& mode, const std::string& url,
                                       const std::string& client_id) {
  return {"/proc/self/exe", "--probe", mode, url, client_id};
}

}  // namespace holdfast::link_contract

int main(int count, char** arguments) {
  if (count == 5 && std::string_view(arguments[1]) == "--probe")
    return holdfast::link_contract::run_probe(arguments[2], arguments[3], arguments[4]);
  ::testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
