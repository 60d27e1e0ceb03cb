// SPDX-License-Identifier: MIT
//
// One thread waits in poll(2) for all sockets and then tries each of them; no socket blocks. Members change the
// connections under the mutex, which the thread holds whenever it is not in poll(), and ring the bell.
#include "demonstration/proxy.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace holdfast::demo {
namespace {

using std::chrono::milliseconds;

constexpr int kListenQueue = 16;
constexpr milliseconds kDelayMax{10'000};

[[nodiscard]] tl::unexpected<Error> failed(const char* what) {
  return fail(ErrorCode::io_error, "start a proxy", what, errno);
}

[[nodiscard]] pollfd entry(int descriptor, bool read, bool write) {
  // Without either the kernel would still report a hang-up, again and again: then it is not asked at all.
  const int events = (read ? POLLIN : 0) | (write ? POLLOUT : 0);
  return {events != 0 ? descriptor : -1, static_cast<short>(events), 0};
}

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(std::uint16_t broker_port) {
  Socket listener = Socket::make(SOCK_NONBLOCK);
  if (!listener.is_open() || !listener.bind_free_port()) return failed("no free port");
  if (::listen(listener.descriptor(), kListenQueue) != 0) return failed("cannot listen");
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0)
    return failed("cannot make a socket pair");
  return std::unique_ptr<Proxy>(
      new Proxy(broker_port, std::move(listener), Socket(pair[0]), Socket(pair[1])));
}

Proxy::Proxy(std::uint16_t broker_port, Socket listener, Socket bell_rope, Socket bell)
    : broker_port_(broker_port),
      listener_(std::move(listener)),
      bell_rope_(std::move(bell_rope)),
      bell_(std::move(bell)),
      port_(listener_.port()),
      thread_([this] { run(); }) {}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    ring();
  }
  thread_.join();
}

/// The bell's buffer can be full only when it has been rung and not been heard.
void Proxy::ring() const { (void)::send(bell_rope_.descriptor(), "!", 1, MSG_NOSIGNAL); }

void Proxy::cut() {
  const std::lock_guard lock(mutex_);
  connections_.clear();
  ring();
}

void Proxy::reset() {
  const std::lock_guard lock(mutex_);
  for (Connection& connection : connections_) {
    connection.client.reset();
    connection.broker.reset();
  }
  connections_.clear();
  ring();
}

void Proxy::truncate(Direction direction) {
  const std::lock_guard lock(mutex_);
  for (Connection& connection : connections_)
    (direction == Direction::to_broker ? connection.to_broker : connection.to_client).truncate();
}

void Proxy::set(NetworkFault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  if (fault == NetworkFault::down) connections_.clear();
  if (fault == NetworkFault::half_open)
    for (Connection& connection : connections_) connection.silent = true;
  ring();
}

void Proxy::delay(milliseconds one_way) {
  const std::lock_guard lock(mutex_);
  delay_ = std::clamp(one_way, milliseconds(0), kDelayMax);
}

void Proxy::heal() {
  const std::lock_guard lock(mutex_);
  fault_ = NetworkFault::none;
  delay_ = milliseconds(0);
  for (Connection& connection : connections_) {
    connection.to_broker.forgive();
    connection.to_client.forgive();
  }
}

ProxyCounts Proxy::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Proxy::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    std::vector<pollfd> sockets = wanted(ProxyStream::Time::clock::now());
    const int patience = patience_ms(ProxyStream::Time::clock::now());
    lock.unlock();
    ::poll(sockets.data(), sockets.size(), patience);
    lock.lock();
    std::uint64_t rings = 0;
    (void)swallow(bell_.descriptor(), rings);
    accept_all();
    for (Connection& connection : connections_) {
      if (connection.silent)
        serve_silent(connection);
      else
        serve(connection, ProxyStream::Time::clock::now());
    }
    remove_ended();
  }
}

std::vector<pollfd> Proxy::wanted(Time now) const {
  std::vector<pollfd> sockets = {entry(bell_.descriptor(), true, false),
                                 entry(listener_.descriptor(), true, false)};
  for (const Connection& one : connections_) {
    sockets.push_back(entry(one.client.descriptor(), one.silent || one.to_broker.wants_to_read(),
                            !one.silent && one.to_client.wants_to_write(now)));
    sockets.push_back(entry(one.broker.descriptor(), one.silent || one.to_client.wants_to_read(),
                            !one.silent && one.to_broker.wants_to_write(now)));
  }
  return sockets;
}

/// Until the next delayed bytes are due; -1: for ever. Bytes that are due already wait for room, not for time.
int Proxy::patience_ms(Time now) const {
  Time next = Time::max();
  for (const Connection& connection : connections_) {
    for (const ProxyStream* stream : {&connection.to_broker, &connection.to_client}) {
      const auto due = stream->next_due();
      if (!connection.silent && due && *due > now) next = std::min(next, *due);
    }
  }
  if (next == Time::max()) return -1;
  return static_cast<int>(std::chrono::ceil<milliseconds>(next - now).count());
}

void Proxy::accept_all() {
  for (;;) {
    Socket client(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.is_open()) return;
    counts_.accepted += 1;
    accept_one(std::move(client));
  }
}

void Proxy::accept_one(Socket client) {
  Connection connection;
  connection.silent = fault_ == NetworkFault::half_open;
  bool turn_away = fault_ == NetworkFault::down || connections_.size() >= kConnectionsMax;
  if (!turn_away && !connection.silent) {
    connection.broker = Socket::make(SOCK_NONBLOCK);
    const int error = connection.broker.connect(broker_port_);
    turn_away = error != 0 && error != EINPROGRESS;
    connection.broker.send_at_once();
  }
  if (turn_away) {
    counts_.turned_away += 1;
    return;
  }
  client.send_at_once();
  connection.client = std::move(client);
  connections_.push_back(std::move(connection));
}

void Proxy::serve(Connection& connection, Time now) {
  connection.to_broker.read(connection.client.descriptor(), now, delay_);
  connection.to_client.read(connection.broker.descriptor(), now, delay_);
  connection.to_broker.write(connection.broker.descriptor(), now);
  connection.to_client.write(connection.client.descriptor(), now);
}

/// An end that closes is closed; the other one does not learn of it.
void Proxy::serve_silent(Connection& connection) {
  for (Socket* socket : {&connection.client, &connection.broker})
    if (socket->is_open() && !swallow(socket->descriptor(), counts_.swallowed_bytes)) socket->close();
}

bool Proxy::is_over(const Connection& connection) {
  if (connection.silent) return !connection.client.is_open() && !connection.broker.is_open();
  return connection.to_broker.over() || connection.to_client.over();
}

void Proxy::remove_ended() {
  connections_.remove_if([this](const Connection& connection) {
    if (!is_over(connection)) return false;
    if (connection.to_broker.truncated() || connection.to_client.truncated()) counts_.truncated += 1;
    return true;
  });
}

}  // namespace holdfast::demo
