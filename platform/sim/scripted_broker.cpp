// SPDX-License-Identifier: MIT
#include <utility>

#include "broker.hpp"

// The public face: each member is one turn of the core.
namespace holdfast::platform::sim {

using Turn = BrokerCore::Turn;

ScriptedBroker::ScriptedBroker(VirtualClock& clock) : core_(std::make_shared<BrokerCore>(clock)) {}
ScriptedBroker::~ScriptedBroker() = default;

std::unique_ptr<Link> ScriptedBroker::make_link() { return make_scripted_link(core_); }

void ScriptedBroker::set_up(bool up) {
  const Turn turn(*core_);
  core_->set_up(up);
}

void ScriptedBroker::forget() {
  const Turn turn(*core_);
  core_->forget();
}

void ScriptedBroker::set_latency(Duration one_way) {
  const Turn turn(*core_);
  core_->latency = one_way;
}

void ScriptedBroker::set_grant(ConnectGrant grant) {
  const Turn turn(*core_);
  core_->grant = grant;
}

void ScriptedBroker::set_refuse_connect(std::int32_t reason) {
  const Turn turn(*core_);
  core_->refuse_connect = reason;
}

void ScriptedBroker::set_answer(std::function<std::uint8_t(const MqttMessage&)> answer) {
  const Turn turn(*core_);
  core_->answer = std::move(answer);
}

void ScriptedBroker::set_subscribe_answer(std::function<std::uint8_t(const std::string&)> answer) {
  const Turn turn(*core_);
  core_->subscribe_answer = std::move(answer);
}

void ScriptedBroker::set_silent(bool silent) {
  const Turn turn(*core_);
  core_->set_silent(silent);
}

void ScriptedBroker::set_network(const std::string& client_id, const ClientNetwork& network) {
  const Turn turn(*core_);
  core_->set_network(client_id, network);
}

void ScriptedBroker::set_session_messages_max(std::size_t messages) {
  const Turn turn(*core_);
  core_->session_messages_max = messages;
}

void ScriptedBroker::set_history(bool keep) {
  const Turn turn(*core_);
  core_->keeps_history = keep;
}

void ScriptedBroker::set_lose_next_acks(std::size_t count) {
  const Turn turn(*core_);
  core_->lose_acks = count;
}

void ScriptedBroker::kill_connections(std::int32_t reason) {
  const Turn turn(*core_);
  core_->kill_connections(reason);
}

void ScriptedBroker::kill_connection(const std::string& client_id, std::int32_t reason) {
  const Turn turn(*core_);
  core_->kill_connections(reason, &client_id);
}

const std::vector<MqttMessage>& ScriptedBroker::accepted() const {
  const Turn turn(*core_);
  return core_->accepted;
}

std::size_t ScriptedBroker::accepted_count() const {
  const Turn turn(*core_);
  return core_->accepted.size();
}

std::vector<MqttMessage> ScriptedBroker::wills() const {
  const Turn turn(*core_);
  return core_->wills;
}

std::size_t ScriptedBroker::connects() const {
  const Turn turn(*core_);
  return core_->connect_times.size();
}

std::vector<Instant> ScriptedBroker::connect_times() const {
  const Turn turn(*core_);
  return core_->connect_times;
}

std::size_t ScriptedBroker::connections() const {
  const Turn turn(*core_);
  return core_->connections();
}

std::uint64_t ScriptedBroker::dropped() const {
  const Turn turn(*core_);
  return core_->dropped;
}

Instant ScriptedBroker::next_event() const {
  const Turn turn(*core_);
  return core_->next_event();
}

}  // namespace holdfast::platform::sim
