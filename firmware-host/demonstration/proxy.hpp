// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/result.hpp>

#include "demonstration/proxy_stream.hpp"
#include "demonstration/socket.hpp"

struct pollfd;

namespace holdfast::demo {

/// What the network does until it is healed.
enum class NetworkFault : std::uint8_t {
  none,
  /// Connections are closed, new ones as soon as they are made.
  down,
  /// Connections can be made and what is sent on them is taken, but nothing arrives, and no end learns of it: a router
  /// that forgot, a modem without a network. Such a connection stays so when the network is healed.
  half_open,
};

enum class Direction : std::uint8_t { to_broker, to_client };

struct ProxyCounts {
  std::uint64_t accepted = 0;         ///< connections of clients
  std::uint64_t turned_away = 0;      ///< of them: closed at once
  std::uint64_t truncated = 0;        ///< ended in the middle of what was sent
  std::uint64_t swallowed_bytes = 0;  ///< on half-open connections
};

/// A network between a client and the broker on 127.0.0.1 that fails when it is told to: a TCP proxy with a thread of
/// its own. Members may be called from any thread; what they order is in force when they return.
class Proxy {
 public:
  static constexpr std::size_t kConnectionsMax = 64;  ///< more are turned away

  /// Listens on a free port of 127.0.0.1 and connects to `broker_port` for each client. `io_error`.
  [[nodiscard]] static Result<std::unique_ptr<Proxy>> start(std::uint16_t broker_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  // Once, to the connections that there are.
  void cut();                          ///< both ends see an orderly end
  void reset();                        ///< both ends see a connection reset (RST)
  void truncate(Direction direction);  ///< the next packet in this direction lacks its end, and it is over

  // From now on.
  void set(NetworkFault fault);
  void delay(std::chrono::milliseconds one_way);  ///< at most 10 s
  void heal();  ///< no fault, no delay; what truncate() still waits for is off

  [[nodiscard]] ProxyCounts counts() const;

 private:
  struct Connection {
    Socket client;
    Socket broker;
    ProxyStream to_broker;
    ProxyStream to_client;
    bool silent = false;  // half-open, for the rest of its life
  };
  using Time = ProxyStream::Time;

  Proxy(std::uint16_t broker_port, Socket listener, Socket bell_rope, Socket bell);
  void run();
  void ring() const;
  void accept_all();
  void accept_one(Socket client);
  void serve(Connection& connection, Time now);
  void serve_silent(Connection& connection);
  [[nodiscard]] static bool is_over(const Connection& connection);
  void remove_ended();
  [[nodiscard]] std::vector<pollfd> wanted(Time now) const;
  [[nodiscard]] int patience_ms(Time now) const;

  const std::uint16_t broker_port_;
  const Socket listener_;
  const Socket bell_rope_;  // written to by members: the thread waits for bell_, too
  const Socket bell_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // guards the rest
  std::list<Connection> connections_;
  NetworkFault fault_ = NetworkFault::none;
  std::chrono::milliseconds delay_{0};
  ProxyCounts counts_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace holdfast::demo
