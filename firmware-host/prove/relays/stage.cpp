// SPDX-License-Identifier: MIT
#include "prove/relays/stage.hpp"

#include <algorithm>
#include <set>

#include "demonstration/tables.hpp"
#include "prove/relays/verdict.hpp"

namespace holdfast::prove {
namespace {

using demo::NetworkFault;
using std::chrono::milliseconds;

constexpr milliseconds kLook{10};
constexpr const char* kEndedByItself = "the device ended by itself";
constexpr milliseconds kOneWay{10};  // so that each connection has several events in flight

}  // namespace

RelaysStage::RelaysStage(const std::string& programs, const std::string& directory, std::size_t connections)
    : Stage({"prove relays", "holdfast_relays_device", programs, directory}, kLook),
      connections_(connections),
      journal_(path("journal")) {}

Result<std::unique_ptr<RelaysStage>> RelaysStage::set_up(const std::string& programs,
                                                         const std::string& directory,
                                                         std::size_t connections) {
  std::unique_ptr<RelaysStage> stage(new RelaysStage(programs, directory, connections));
  if (auto started = stage->start_world(); !started) return tl::unexpected<Error>(started.error());
  return stage;
}

Result<void> RelaysStage::start_world() {
  if (auto found = find_device(); !found) return found;
  if (auto started = start_broker(); !started) return started;
  for (std::size_t n = 0; n < connections_; ++n) {
    auto proxy = demo::Proxy::start(broker_->port());
    if (!proxy) return tl::unexpected<Error>(proxy.error());
    (*proxy)->delay(kOneWay);
    proxies_.push_back(std::move(*proxy));
  }
  return start_consumer();
}

Result<void> RelaysStage::play(const RelaysPlan& plan) {
  journal_.read_more();
  life_begins_at_ = look_from_ = journal_.lines().size();
  Result<void> done = begin_life();
  for (const LinkFault& fault : plan.faults)
    if (done) done = disturb(fault);
  if (!done) return done;
  if (!plan.killed) return end_device();
  if (done = pause(plan.until_killed); !done) return done;
  if (done = kill_at_work(*device_, path("device.log")); !done) return done;
  counts_.process_kills += 1;
  return {};
}

/// On return every connection publishes.
Result<void> RelaysStage::begin_life() {
  std::vector<std::string> arguments = {path("device.db"), path("journal")};
  for (const auto& proxy : proxies_) arguments.push_back(proxy->url());
  if (auto started = start_device(std::move(arguments)); !started) return started;
  return await_all_publish("not all connections publish");
}

Result<void> RelaysStage::await_all_publish(const char* or_else) {
  const auto published = await(kStagePatience, [this] { return all_publish() || !device_->running(); });
  if (auto done = expect(published, or_else); !done) return done;
  return expect(device_->running(), kEndedByItself);
}

bool RelaysStage::all_publish() {
  journal_.read_more();
  std::set<std::size_t> who;
  for (std::size_t i = look_from_; i < journal_.lines().size(); ++i)
    if (journal_.lines()[i].step == ClaimStep::acknowledged) who.insert(journal_.lines()[i].connection);
  return who.size() == connections_;
}

/// It has connected again since `from`, and delivered something after that.
bool RelaysStage::is_back(std::size_t connection, std::size_t from) {
  bool connected = false;
  for (std::size_t i = from; i < journal_.lines().size(); ++i) {
    const JournalLine& line = journal_.lines()[i];
    if (line.connection != connection) continue;
    if (line.step == ClaimStep::connects) connected = true;
    if (connected && line.step == ClaimStep::acknowledged) return true;
  }
  return false;
}

void RelaysStage::look_from_now() {
  journal_.read_more();
  look_from_ = journal_.lines().size();
}

/// On return every connection publishes, and the one that was broken does so on a new connection.
Result<void> RelaysStage::disturb(const LinkFault& fault) {
  if (auto done = pause(fault.calm); !done) return done;
  look_from_now();  // the fault must meet a connection that is there
  if (auto done = await_all_publish("a connection does not go on"); !done) return done;
  look_from_now();
  const std::size_t broken_at = look_from_;
  if (auto done = break_link(fault); !done) return done;
  look_from_now();
  const auto back = await(kStagePatience, [&] {
    return (all_publish() && is_back(fault.connection, broken_at)) || !device_->running();
  });
  if (auto done = expect(back, "a connection does not come back to its work"); !done) return done;
  if (auto done = expect(device_->running(), kEndedByItself); !done) return done;
  counts_.link_faults += 1;
  return {};
}

/// On return the network is whole again.
Result<void> RelaysStage::break_link(const LinkFault& fault) {
  demo::Proxy& proxy = *proxies_[fault.connection - 1];
  const std::uint64_t handovers = handovers_of_this_life();
  switch (fault.trouble) {
    case LinkTrouble::cut: proxy.cut(); return {};
    case LinkTrouble::reset: proxy.reset(); return {};
    case LinkTrouble::half_open: proxy.set(NetworkFault::half_open); break;
    case LinkTrouble::away: proxy.set(NetworkFault::down); break;
  }
  if (auto done = pause(fault.lasts); !done) return done;
  if (fault.trouble == LinkTrouble::away) {
    // On a slow machine it takes longer; whether it happens the judge says.
    const auto taken = await(kStagePatience, [&] { return handovers_of_this_life() > handovers; });
    if (!taken) return tl::unexpected<Error>(taken.error());
  }
  proxy.heal();
  proxy.delay(kOneWay);
  return {};
}

std::uint64_t RelaysStage::handovers_of_this_life() {
  journal_.read_more();
  return handovers_in(std::span(journal_.lines()).subspan(life_begins_at_), connections_);
}

Result<void> RelaysStage::end_device() {
  if (auto done = expect(device_->running(), kEndedByItself); !done) return done;
  device_->ask_to_end();
  const auto ended = await(kStageEndPatience, [this] { return !device_->running(); });
  if (auto done = expect(ended, "the device does not end"); !done) return done;
  return expect(device_->wait(milliseconds(0)) == 0, "the device failed");
}

Result<std::vector<demo::LedgerRow>> RelaysStage::finish() {
  auto committed = demo::read_committed(path("device.db"));
  if (!committed) return committed;
  const auto all = await(kStagePatience, [&] {
    return std::all_of(committed->begin(), committed->end(),
                       [&](const demo::LedgerRow& row) { return receiver_->has(row.id); });
  });
  if (!all) return tl::unexpected<Error>(all.error());  // what did not come is the judge's affair
  receiver_->stop();
  journal_.read_more();
  return committed;
}

}  // namespace holdfast::prove
