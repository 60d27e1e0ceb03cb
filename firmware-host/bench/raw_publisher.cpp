// SPDX-License-Identifier: MIT
// The ceiling of `holdfast bench relay`: the same publishes without a store. A program of its own, because it is
// built on Paho C++, and two Pahos never share a process.
//
//   raw_publisher cpp|socket HOST PORT 5|3.1.1 EVENTS BYTES WINDOW
//
// prints {"seconds": S} for EVENTS publishes of QoS 1, from the first publish to the last PUBACK.
#include <arpa/inet.h>
#include <mqtt/async_client.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

struct Work {
  std::string mode;
  std::string host;
  int port = 0;
  bool v5 = false;
  long events = 0;
  std::size_t bytes = 0;
  long window = 0;
};

[[nodiscard]] double seconds_since(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "raw_publisher: %s\n", what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing is to be cleaned up
}

// ---- Paho C++

/// Counts answers and lets the publisher wait for room.
class Window final : public mqtt::iaction_listener {
 public:
  explicit Window(long size) : size_(size) {}

  void take() {
    std::unique_lock lock(mutex_);
    bell_.wait(lock, [this] { return in_flight_ < size_; });
    in_flight_ += 1;
  }
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    bell_.wait(lock, [this] { return in_flight_ == 0; });
  }

  void on_success(const mqtt::token& /*token*/) override {
    const std::lock_guard lock(mutex_);
    in_flight_ -= 1;
    bell_.notify_one();
  }
  void on_failure(const mqtt::token& /*token*/) override { give_up("a publish failed"); }

 private:
  const long size_;
  std::mutex mutex_;
  std::condition_variable bell_;
  long in_flight_ = 0;
};

[[nodiscard]] double publish_with_paho(const Work& work) {
  const int version = work.v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  mqtt::async_client client("tcp://" + work.host + ":" + std::to_string(work.port), "raw",
                            mqtt::create_options(version, 100'000), nullptr);
  auto options =
      mqtt::connect_options_builder().mqtt_version(version).max_inflight(static_cast<int>(work.window));
  client.connect(work.v5 ? options.clean_start(true).finalize() : options.clean_session(true).finalize())
      ->wait();
  Window window(work.window);
  const std::string payload(work.bytes, 'x');
  const auto since = Clock::now();
  for (long n = 0; n < work.events; ++n) {
    window.take();
    client.publish(mqtt::make_message("bench/raw", payload, 1, false), nullptr, window);
  }
  window.wait_for_all();
  const double seconds = seconds_since(since);
  client.disconnect()->wait();
  return seconds;
}

// ---- a bare socket: 3.1.1, fixed headers, and nothing that could go wrong is looked at twice

constexpr std::size_t kBatchBytes = 65'536;
constexpr std::size_t kPubackBytes = 4;

[[nodiscard]] int connected_socket(const Work& work) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(work.port));
  ::inet_pton(AF_INET, work.host.c_str(), &address.sin_addr);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    give_up("no connection");
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  constexpr std::array<unsigned char, 17> kConnect = {0x10, 15, 0,  4, 'M', 'Q', 'T', 'T', 4,
                                                      2,    0,  60, 0, 3,   'r', 'a', 'w'};
  std::array<unsigned char, 4> connack{};
  if (::write(socket, kConnect.data(), kConnect.size()) != static_cast<ssize_t>(kConnect.size()) ||
      ::read(socket, connack.data(), connack.size()) != static_cast<ssize_t>(connack.size()))
    give_up("no CONNACK");
  return socket;
}

void append_publish(std::string& out, long n, std::size_t bytes) {
  constexpr std::string_view kTopic = "bench/raw";
  out += '\x32';
  std::size_t remaining = 2 + kTopic.size() + 2 + bytes;
  do {
    const std::size_t low = remaining % 128;
    remaining /= 128;
    out += static_cast<char>(remaining > 0 ? low | 128U : low);
  } while (remaining > 0);
  out += '\0';
  out += static_cast<char>(kTopic.size());
  out += kTopic;
  const long id = n % 65'535 + 1;
  out += static_cast<char>(id >> 8);
  out += static_cast<char>(id & 0xFF);
  out.append(bytes, 'x');
}

void count_answers(int socket, long events, std::atomic<long>& answered) {
  std::array<char, kBatchBytes> buffer{};
  std::size_t rest = 0;
  while (answered < events) {
    const ssize_t got = ::read(socket, buffer.data(), buffer.size());
    if (got <= 0) give_up("the connection broke");
    rest += static_cast<std::size_t>(got);
    answered += static_cast<long>(rest / kPubackBytes);
    rest %= kPubackBytes;
  }
}

void write_all(int socket, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t wrote = ::write(socket, bytes.data() + at, bytes.size() - at);
    if (wrote <= 0) give_up("the connection broke");
    at += static_cast<std::size_t>(wrote);
  }
}

[[nodiscard]] double publish_with_a_socket(const Work& work) {
  const int socket = connected_socket(work);
  std::atomic<long> answered{0};
  std::thread reader([&] { count_answers(socket, work.events, answered); });
  const auto since = Clock::now();
  std::string batch;
  for (long sent = 0; sent < work.events;) {
    batch.clear();
    for (; sent < work.events && sent - answered < work.window && batch.size() < kBatchBytes; ++sent)
      append_publish(batch, sent, work.bytes);
    if (batch.empty()) {
      std::this_thread::yield();
    } else {
      write_all(socket, batch);
    }
  }
  reader.join();
  const double seconds = seconds_since(since);
  ::close(socket);
  return seconds;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 8) give_up("usage: raw_publisher cpp|socket HOST PORT 5|3.1.1 EVENTS BYTES WINDOW");
  const Work work{.mode = arguments[1],
                  .host = arguments[2],
                  .port = std::atoi(arguments[3]),
                  .v5 = std::string(arguments[4]) == "5",
                  .events = std::atol(arguments[5]),
                  .bytes = static_cast<std::size_t>(std::atol(arguments[6])),
                  .window = std::atol(arguments[7])};
  try {
    std::printf("{\"seconds\": %.6f}\n",
                work.mode == "cpp" ? publish_with_paho(work) : publish_with_a_socket(work));
  } catch (const std::exception& error) {
    give_up(error.what());
  }
}
