// SPDX-License-Identifier: MIT
// The proxy itself, between two plain sockets.
#include "demonstration/proxy.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

namespace holdfast::demo {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kPatienceMs = 20'000;

bool readable(const Socket& socket, int patience_ms = kPatienceMs) {
  pollfd ready{socket.descriptor(), POLLIN, 0};
  return ::poll(&ready, 1, patience_ms) == 1;
}

void send_text(const Socket& socket, const std::string& text) {
  ASSERT_EQ(::send(socket.descriptor(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

/// What one recv() gives: bytes, "" at the end of the connection, "reset" or another name of an error.
std::string receive(const Socket& socket) {
  if (!readable(socket)) return "nothing came";
  std::array<char, 65'536> buffer{};
  const ssize_t got = ::recv(socket.descriptor(), buffer.data(), buffer.size(), 0);
  if (got < 0) return errno == ECONNRESET ? "reset" : "error";
  return {buffer.data(), static_cast<std::size_t>(got)};
}

/// A server that listens, a proxy before it, and what connects.
class ProxyTest : public testing::Test {
 protected:
  ProxyTest() {
    EXPECT_TRUE(server_.bind_free_port());
    EXPECT_EQ(::listen(server_.descriptor(), 8), 0);
    proxy_ = Proxy::start(server_.port()).value();
  }

  struct Pair {
    Socket client;
    Socket server;
  };
  /// On return bytes have gone through, so the proxy knows the connection.
  Pair connect() {
    Pair pair{Socket::make(), Socket()};
    EXPECT_EQ(pair.client.connect(proxy_->port()), 0);
    EXPECT_TRUE(readable(server_));
    pair.server = Socket(::accept(server_.descriptor(), nullptr, nullptr));
    send_text(pair.client, "hello");
    EXPECT_EQ(receive(pair.server), "hello");
    return pair;
  }

  Socket server_ = Socket::make();
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(ProxyTest, passes_bytes_on_in_both_directions_and_the_end_too) {
  Pair pair = connect();
  send_text(pair.server, "answer");
  EXPECT_EQ(receive(pair.client), "answer");
  send_text(pair.client, "last words");
  pair.client.close();
  EXPECT_EQ(receive(pair.server), "last words");
  EXPECT_EQ(receive(pair.server), "");
}

TEST_F(ProxyTest, holds_bytes_back_for_the_delay_and_keeps_their_order) {
  Pair pair = connect();
  proxy_->delay(200ms);
  const auto sent = Clock::now();
  send_text(pair.client, "one");
  EXPECT_EQ(receive(pair.server), "one");
  EXPECT_GE(Clock::now() - sent, 199ms);
  send_text(pair.client, "two");
  ASSERT_FALSE(readable(pair.server, 50));
  proxy_->heal();  // what is on its way stays delayed, and what comes now does not overtake it
  send_text(pair.client, "three");
  std::string all;
  while (all.size() < 8) all += receive(pair.server);
  EXPECT_EQ(all, "twothree");
}

TEST_F(ProxyTest, a_cut_is_an_orderly_end_and_new_connections_work) {
  Pair pair = connect();
  proxy_->cut();
  EXPECT_EQ(receive(pair.client), "");
  EXPECT_EQ(receive(pair.server), "");
  connect();
}

TEST_F(ProxyTest, a_reset_is_one_at_both_ends) {
  Pair pair = connect();
  proxy_->reset();
  EXPECT_EQ(receive(pair.client), "reset");
  EXPECT_EQ(receive(pair.server), "reset");
}

TEST_F(ProxyTest, turns_everybody_away_while_the_network_is_down) {
  Pair pair = connect();
  proxy_->set(NetworkFault::down);
  EXPECT_EQ(receive(pair.client), "");
  const Socket late = Socket::make();
  ASSERT_EQ(late.connect(proxy_->port()), 0);
  EXPECT_NE(receive(late), "nothing came");
  EXPECT_EQ(proxy_->counts().turned_away, 1U);
  proxy_->heal();
  connect();
}

TEST_F(ProxyTest, half_open_takes_what_is_sent_passes_nothing_on_and_stays_so) {
  Pair before = connect();
  proxy_->set(NetworkFault::half_open);
  const Socket during = Socket::make();
  ASSERT_EQ(during.connect(proxy_->port()), 0);
  send_text(before.client, "lost");
  send_text(before.server, "lost");
  send_text(during, "lost");
  const auto until = Clock::now() + 20s;
  while (proxy_->counts().swallowed_bytes < 12 && Clock::now() < until) (void)readable(before.server, 5);
  EXPECT_EQ(proxy_->counts().swallowed_bytes, 12U);
  proxy_->heal();
  Pair after = connect();
  before.client.close();
  EXPECT_FALSE(readable(before.server, 100));  // not even the end
  EXPECT_FALSE(readable(during, 0));
  send_text(after.client, "heard");
  EXPECT_EQ(receive(after.server), "heard");
}

TEST_F(ProxyTest, truncates_the_next_packet_of_one_direction) {
  Pair pair = connect();
  proxy_->truncate(Direction::to_client);
  send_text(pair.client, "whole");
  EXPECT_EQ(receive(pair.server), "whole");
  send_text(pair.server, "half");
  EXPECT_EQ(receive(pair.client), "hal");
  EXPECT_EQ(receive(pair.client), "");
  EXPECT_EQ(receive(pair.server), "");
  EXPECT_EQ(proxy_->counts().truncated, 1U);
}

TEST_F(ProxyTest, a_packet_that_waited_to_be_truncated_is_spared_by_healing) {
  Pair pair = connect();
  proxy_->truncate(Direction::to_broker);
  proxy_->heal();
  send_text(pair.client, "whole");
  EXPECT_EQ(receive(pair.server), "whole");
  EXPECT_EQ(proxy_->counts().truncated, 0U);
}

TEST_F(ProxyTest, keeps_little_of_what_nobody_reads) {
  Pair pair = connect();
  std::size_t taken = 0;
  const std::string block(65'536, 'x');
  for (ssize_t sent = 0; sent >= 0 && taken < 512 * block.size();) {
    pollfd ready{pair.client.descriptor(), POLLOUT, 0};
    if (::poll(&ready, 1, 300) == 0) break;  // the sender has been slowed down
    sent = ::send(pair.client.descriptor(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) taken += static_cast<std::size_t>(sent);
  }
  ASSERT_LT(taken, 512 * block.size());  // what the kernel's own buffers hold, and ours
  std::size_t received = 0;
  while (received < taken) {
    const std::string some = receive(pair.server);
    ASSERT_NE(some, "nothing came");
    received += some.size();
  }
  EXPECT_EQ(received, taken);
}

TEST_F(ProxyTest, closes_the_client_when_the_broker_is_away) {
  server_.close();
  const Socket client = Socket::make();
  ASSERT_EQ(client.connect(proxy_->port()), 0);
  EXPECT_EQ(receive(client), "");
}

}  // namespace
}  // namespace holdfast::demo
