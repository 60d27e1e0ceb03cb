// SPDX-License-Identifier: MIT
#include "broker.hpp"

#include <algorithm>
#include <utility>

#include <holdfast/check.hpp>

namespace holdfast::platform::sim {
namespace {

constexpr std::int32_t kTakenOver = 0x8E;
constexpr std::int32_t kReceiveMaximumExceeded = 0x93;
constexpr std::int32_t kPacketTooLarge = 0x95;
constexpr std::int32_t kQosNotSupported = 0x9B;
constexpr std::uint8_t kRefused = 0x80;                    // and above
constexpr std::size_t kSessionMessagesMax = 100'000;       // a test that queues more at a broker is mistaken
constexpr std::chrono::milliseconds kRetransmission{200};  // Linux's least
constexpr int kRetransmissionsMax = 8;                     // 51 s in all: the ends give up before

}  // namespace

BrokerCore::BrokerCore(VirtualClock& clock)
    : clock_(clock), time_(clock.now()), on_advance_(clock.on_advance([this] { const Turn turn(*this); })) {}

BrokerCore::~BrokerCore() {
  // Sessions and their connections point at each other.
  for (const ConnectionPtr& connection : connections_)
    if (connection->session) connection->session->connection = nullptr;
}

// ---- time

void BrokerCore::run_due() {
  if (running_) return;  // a scripted answer called the broker: the outer loop goes on
  running_ = true;
  const Instant now = clock_.now();
  while (!due_.empty() && due_.begin()->first.first <= now) {
    auto next = due_.extract(due_.begin());
    time_ = next.key().first;
    next.mapped()();
  }
  time_ = now;
  running_ = false;
}

void BrokerCore::schedule(Instant due, std::function<void()> action) {
  due_.emplace(std::pair(due, ++serial_), std::move(action));
}

Instant BrokerCore::next_event() const { return due_.empty() ? Instant::max() : due_.begin()->first.first; }

const ClientNetwork& BrokerCore::network_of(const Connection& connection) const {
  static const ClientNetwork kPlain;
  if (networks_.empty()) return kPlain;
  const auto found = networks_.find(connection.request.broker.client_id);
  return found == networks_.end() ? kPlain : found->second;
}

// How long the next packet is under way. One that is lost is sent again by TCP, each time after twice the wait.
Duration BrokerCore::travel(const Connection& connection) {
  const ClientNetwork& network = network_of(connection);
  Duration time = latency + network.extra_latency;
  Duration again = kRetransmission;
  for (int i = 0; i < kRetransmissionsMax && network.lost_per_thousand > 0; ++i, again *= 2) {
    if (dice_.next() % 1000 >= network.lost_per_thousand) break;
    time += again;
  }
  return time;
}

void BrokerCore::to_broker(const ConnectionPtr& connection, std::function<void()> packet) {
  connection->up_free = std::max(connection->up_free, time_ + travel(*connection));
  schedule(connection->up_free, [connection, packet = std::move(packet)] {
    if (connection->open && !connection->cut) packet();
  });
}

void BrokerCore::to_client(const ConnectionPtr& connection, std::function<void(ClientEnd&)> packet) {
  connection->down_free = std::max(connection->down_free, time_ + travel(*connection));
  schedule(connection->down_free, [connection, packet = std::move(packet)] {
    if (connection->client != nullptr && !connection->cut) packet(*connection->client);
  });
}

// ---- what clients send

std::shared_ptr<Connection> BrokerCore::connect(ClientEnd& client, const ConnectRequest& request) {
  connect_times.push_back(time_);
  auto connection = std::make_shared<Connection>();
  connection->client = &client;
  connection->request = request;
  const ClientNetwork& network = network_of(*connection);
  const bool up = up_ && network.reachable;
  const bool silent = silent_ || network.silent;
  connection->open = up && !silent;
  connection->cut = silent;
  if (connection->open) connections_.push_back(connection);
  if (!up) {
    schedule(time_ + 2 * latency, [connection] {
      if (connection->client != nullptr) connection->client->on_lost(0, "connection refused: no broker");
    });
    return connection;
  }
  to_broker(connection, [this, connection] { take_connect(connection); });
  schedule(time_ + request.broker.connect_timeout, [connection] {
    if (connection->client != nullptr) connection->client->on_connect_timeout();
  });
  return connection;
}

void BrokerCore::take_connect(const ConnectionPtr& connection) {
  if (refuse_connect != 0) {
    to_client(connection, [reason = refuse_connect](ClientEnd& client) { client.on_connack(reason, {}); });
    detach(connection, true);
    return;
  }
  ConnectGrant granted = connection->is_v5() ? grant : ConnectGrant{};
  const auto known = sessions_.find(connection->request.broker.client_id);
  const ConnectionPtr present = known == sessions_.end() ? nullptr : known->second->connection;
  if (present) close(present, kTakenOver);
  const SessionPtr session = open_session(connection->request, granted.session_present);
  connection->session = session;
  session->connection = connection;
  to_client(connection, [granted](ClientEnd& client) { client.on_connack(0, granted); });
  std::vector<std::uint64_t> waiting;
  for (const auto& [delivery, outgoing] : session->outgoing) waiting.push_back(delivery);
  for (const std::uint64_t delivery : waiting) send(session, delivery);
}

BrokerCore::SessionPtr BrokerCore::open_session(const ConnectRequest& request, bool& present) {
  SessionPtr& session = sessions_[request.broker.client_id];
  present = session && !request.clean_start && !expired(*session);
  if (!present) session = std::make_shared<Session>();
  session->client_id = request.broker.client_id;
  // 3.1.1 knows no expiry: a session that is not clean is kept for good.
  const bool v5 = request.broker.version == MqttVersion::v5;
  session->kept = !request.clean_start && (!v5 || request.session_expiry.count() > 0);
  session->expiry = v5 ? Duration(request.session_expiry) : Duration::max();
  return session;
}

void BrokerCore::publish(const ConnectionPtr& connection, LinkToken token, const MqttMessage& message,
                         bool over_quota) {
  to_broker(connection, [this, connection, token, message, over_quota] {
    take_publish(connection, token, message, over_quota);
  });
}

std::int32_t BrokerCore::violation(const Connection& connection, const MqttMessage& message,
                                   bool over_quota) const {
  if (over_quota) return kReceiveMaximumExceeded;
  if (publish_bytes(message, connection.request.broker.version) > grant.packet_bytes_max)
    return kPacketTooLarge;
  return grant.qos_max < 1 ? kQosNotSupported : 0;
}

void BrokerCore::take_publish(const ConnectionPtr& connection, LinkToken token, const MqttMessage& message,
                              bool over_quota) {
  if (const std::int32_t reason = violation(*connection, message, over_quota); reason != 0) {
    close(connection, reason);
    return;
  }
  std::uint8_t reason = answer ? answer(message) : std::uint8_t{0};
  if (!connection->open) return;  // the script killed the connection
  if (reason < kRefused) {
    if (keeps_history) accepted.push_back(message);
    route(message);
  } else if (!connection->is_v5()) {
    reason = 0;  // a PUBACK of 3.1.1 cannot say no
  }
  if (lose_acks > 0) {
    --lose_acks;
    return;
  }
  to_client(connection, [token, reason](ClientEnd& client) { client.on_puback(token, reason); });
}

void BrokerCore::subscribe(const ConnectionPtr& connection, LinkToken token, const std::string& filter) {
  to_broker(connection, [this, connection, token, filter] { take_subscribe(connection, token, filter); });
}

void BrokerCore::take_subscribe(const ConnectionPtr& connection, LinkToken token, const std::string& filter) {
  const std::uint8_t reason = subscribe_answer ? subscribe_answer(filter) : std::uint8_t{1};  // granted QoS 1
  if (!connection->open) return;
  to_client(connection, [token, reason](ClientEnd& client) { client.on_suback(token, reason); });
  if (reason >= kRefused) return;
  connection->session->filters.insert(filter);
  for (const auto& [topic, message] : retained_)
    if (matches(filter, topic)) enqueue(connection->session, message);
}

void BrokerCore::acknowledge(const ConnectionPtr& connection, std::uint64_t delivery) {
  to_broker(connection, [connection, delivery] { connection->session->outgoing.erase(delivery); });
}

void BrokerCore::disconnect(const ConnectionPtr& connection) {
  connection->client = nullptr;
  to_broker(connection, [this, connection] { detach(connection, true); });
}

// ---- ends of connections

void BrokerCore::close(const ConnectionPtr& connection, std::int32_t reason) {
  if (!connection->open) return;
  const std::int32_t told = connection->is_v5() ? reason : 0;  // 3.1.1 has no DISCONNECT from the broker
  to_client(connection, [told](ClientEnd& client) { client.on_lost(told, "closed by the broker"); });
  detach(connection, false);
}

void BrokerCore::cut(const ConnectionPtr& connection, Duration broker_learns, Duration client_learns,
                     const std::string& detail) {
  connection->cut = true;
  if (broker_learns == Duration::zero()) {
    detach(connection, false);
  } else {
    schedule(time_ + broker_learns, [this, connection] { detach(connection, false); });
  }
  schedule(time_ + client_learns, [connection, detail] {
    if (connection->client != nullptr) connection->client->on_lost(0, detail);
  });
}

void BrokerCore::detach(const ConnectionPtr& connection, bool graceful) {
  if (!std::exchange(connection->open, false)) return;
  std::erase(connections_, connection);
  const SessionPtr session = connection->session;
  if (!session) return;
  if (session->connection == connection) session->connection = nullptr;
  session->away_since = time_;
  if (!session->kept) {
    const auto known = sessions_.find(session->client_id);
    if (known != sessions_.end() && known->second == session) sessions_.erase(known);
  }
  if (graceful || !connection->request.will) return;
  if (keeps_history) wills.push_back(connection->request.will->message);
  route(connection->request.will->message);
}

void BrokerCore::set_up(bool up) {
  up_ = up;
  if (!up) kill_connections(0);
}

void BrokerCore::kill_connections(std::int32_t reason, const std::string* only_client_id) {
  const std::vector<ConnectionPtr> doomed = connections_;
  for (const ConnectionPtr& connection : doomed) {
    if (only_client_id != nullptr && connection->request.broker.client_id != *only_client_id) continue;
    if (reason != 0) {
      close(connection, reason);
    } else {
      cut(connection, Duration::zero(), latency, "connection reset");
    }
  }
}

void BrokerCore::set_silent(bool silent) {
  silent_ = silent;
  if (!silent) return;
  const std::vector<ConnectionPtr> present = connections_;
  for (const ConnectionPtr& connection : present) silence(connection);
}

void BrokerCore::silence(const ConnectionPtr& connection) {
  if (connection->cut) return;
  // MQTT 5, 3.1.2.10: the broker waits one and a half keep alives. Clients differ; Paho needs about 2.5.
  const Duration period = keep_alive(*connection);
  cut(connection, period * 3 / 2, period * 5 / 2, "no PINGRESP");
}

void BrokerCore::set_network(const std::string& client_id, const ClientNetwork& network) {
  HOLDFAST_CHECK(network.lost_per_thousand < 1000);
  networks_[client_id] = network;
  if (!network.reachable) return kill_connections(0, &client_id);
  if (!network.silent) return;
  const std::vector<ConnectionPtr> present = connections_;
  for (const ConnectionPtr& connection : present)
    if (connection->request.broker.client_id == client_id) silence(connection);
}

Duration BrokerCore::keep_alive(const Connection& connection) const {
  if (connection.is_v5() && grant.server_keep_alive_s)
    return std::chrono::seconds(*grant.server_keep_alive_s);
  return connection.request.broker.keep_alive;
}

void BrokerCore::forget() {
  retained_.clear();
  std::erase_if(sessions_, [](const auto& entry) { return !entry.second->connection; });
  for (const auto& [id, session] : sessions_) {
    session->filters.clear();
    session->outgoing.clear();
  }
}

std::size_t BrokerCore::connections() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return connection->session != nullptr; }));
}

// ---- messages to clients

bool BrokerCore::expired(const Session& session) const {
  return !session.connection && (!session.kept || time_ - session.away_since >= session.expiry);
}

void BrokerCore::route(const MqttMessage& message) {
  if (message.retain && message.payload.empty()) {
    retained_.erase(message.topic);
  } else if (message.retain) {
    retained_[message.topic] = message;
  }
  MqttMessage copy = message;
  copy.retain = false;  // it is set only on what a new subscription finds
  std::erase_if(sessions_, [this](const auto& entry) { return expired(*entry.second); });
  for (const auto& [id, session] : sessions_) {
    const auto& filters = session->filters;
    if (std::any_of(filters.begin(), filters.end(),
                    [&](const auto& one) { return matches(one, copy.topic); }))
      enqueue(session, copy);
  }
}

void BrokerCore::enqueue(const SessionPtr& session, MqttMessage message) {
  if (session->outgoing.size() >= session_messages_max.value_or(kSessionMessagesMax)) {
    HOLDFAST_CHECK(session_messages_max.has_value());
    ++dropped;
    return;
  }
  const std::uint64_t delivery = ++deliveries_;
  session->outgoing.emplace(delivery, Session::Outgoing{std::move(message), time_});
  if (session->connection) send(session, delivery);
}

void BrokerCore::send(const SessionPtr& session, std::uint64_t delivery) {
  const auto found = session->outgoing.find(delivery);
  Session::Outgoing& outgoing = found->second;
  MqttMessage message = outgoing.message;
  if (message.expiry_s) {  // MQTT 5, 3.3.2.3.3: what is left of it is passed on
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(time_ - outgoing.since).count();
    if (!outgoing.begun && waited >= *message.expiry_s) {
      session->outgoing.erase(found);
      return;
    }
    message.expiry_s = static_cast<std::uint32_t>(std::max<std::int64_t>(*message.expiry_s - waited, 0));
  }
  outgoing.begun = true;
  to_client(session->connection,
            [delivery, message](ClientEnd& client) { client.on_publish(delivery, message); });
}

}  // namespace holdfast::platform::sim
