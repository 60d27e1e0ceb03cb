// SPDX-License-Identifier: MIT
#include "sim/life.hpp"

#include <holdfast/check.hpp>
#include <iterator>
#include <sstream>

#include "wire/records.hpp"

namespace holdfast::sim_tests {
namespace {

constexpr std::uint64_t kRoundsMax = 60;
constexpr hours kPatience{6};  // refusals back off up to a minute, again and again
constexpr const char* kLanes[] = {"alarm", "telemetry", "bulk"};

std::string text_of(const std::vector<std::byte>& data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

}  // namespace

Life::Life(std::uint64_t seed) : world_(seed), dice_(~seed) {
  world_.broker.set_answer([this](const MqttMessage& message) { return answer(message); });
  world_.backend.observer = [this](const CloudEvent& event, const ApplyOutcome& outcome) {
    applied(event, outcome);
  };
  HOLDFAST_CHECK(world_.backend.boot().has_value());
  world_.run_for(seconds(1));  // subscribed before anything is published
  HOLDFAST_CHECK(world_.device.boot().has_value());
}

std::vector<std::string> Life::live() {
  const std::uint64_t rounds = 5 + below(kRoundsMax);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    write_some();
    if (one_in(2)) mishap();
    world_.run_for(milliseconds(below(one_in(5) ? 60'000 : 1'000)));
  }
  recover();
  if (!world_.run_until([this] { return world_.device.flushed(); }, kPatience))
    complain("flush does not succeed");
  world_.run_for(seconds(10));
  judge();
  return complaints_;
}

// --- the application ---

void Life::write_some() {
  if (!world_.device.running()) return;
  std::vector<std::vector<Plan>> plans(below(6));
  std::vector<WriteBody> bodies;
  for (auto& plan : plans) {
    const bool fails = one_in(8);
    plan.resize(1 + below(4));
    for (Plan& event : plan) {
      const std::size_t size = one_in(20) ? 3'000 : below(100);
      event = {kLanes[below(std::size(kLanes))], std::to_string(++data_counter_) + std::string(size, '.'),
               fails};
    }
    bodies.push_back(body_of(plan));
  }
  if (bodies.empty()) return;
  const auto results = world_.device.write(bodies);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].has_value() == plans[i][0].fails) complain("a write had the wrong outcome");
    if (results[i]) note_committed(plans[i], *results[i]);
  }
}

WriteBody Life::body_of(const std::vector<Plan>& plan) {
  return [plan](Transaction& t) -> Result<void> {
    for (const Plan& event : plan) {
      if (auto put = t.put("last", bytes_of(event.data)); !put) return tl::unexpected<Error>(put.error());
      const auto id = t.add({.lane = event.lane,
                             .key = "sensor",
                             .type = "com.example.reading.v1",
                             .content_type = "application/json",
                             .data = bytes_of(event.data)});
      if (!id) return tl::unexpected<Error>(id.error());
    }
    if (plan[0].fails) return fail(ErrorCode::denied, "a write that fails");
    return {};
  };
}

void Life::note_committed(const std::vector<Plan>& plan, const Receipt& receipt) {
  ++writes_;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const EventId& id = receipt.events.at(i);
    if (!committed_.try_emplace(id.text(), Fate{plan[i].data, 0}).second)
      complain(id.text() + " names two events");
    if (id.seq != last_seq_[id.lane] + 1) complain(id.text() + " leaves a hole");
    last_seq_[id.lane] = id.seq;
    last_state_ = plan[i].data;
  }
}

// --- misfortune ---

void Life::mishap() {
  switch (below(14)) {
    case 0: return world_.broker.set_up(false);
    case 1:
    case 2: return world_.broker.set_up(true);
    case 3: return world_.broker.kill_connections(one_in(2) ? 0 : 0x8B);
    case 4: return world_.broker.set_lose_next_acks(1 + below(5));
    case 5: return world_.broker.set_silent(one_in(2));
    case 6: return world_.broker.set_latency(milliseconds(below(400)));
    case 7: {
      static constexpr std::uint8_t kReasons[] = {0x80, 0x83, 0x87, 0x90, 0x97, 0x99};
      refuse_next_ = kReasons[below(std::size(kReasons))];
      return;
    }
    case 8: return world_.clock.set_wall({UtcTime(hours(24 * below(20'000))), one_in(2)});
    case 9: {
      platform::ConnectGrant grant;
      grant.receive_maximum = static_cast<std::uint16_t>(1 + below(80));
      return world_.broker.set_grant(grant);
    }
    case 10:
    case 11: return backend_mishap();
    default: return device_mishap();
  }
}

void Life::device_mishap() {
  if (world_.device.running()) {
    if (one_in(3)) return world_.shut_down_device();
    world_.device.crash();
    if (one_in(2)) return;
  }
  ++boots_;
  if (one_in(2)) world_.host.boot = "boot-" + std::to_string(boots_);  // else only the process was restarted
  HOLDFAST_CHECK(world_.device.boot().has_value());
}

void Life::backend_mishap() {
  if (!world_.backend.running()) return boot_backend();
  if (one_in(2)) return world_.backend.crash();
  world_.backend.crash_after_next_commit();
}

void Life::boot_backend() { HOLDFAST_CHECK(world_.backend.boot().has_value()); }

void Life::recover() {
  refuse_next_ = 0;
  world_.broker.set_up(true);
  world_.broker.set_silent(false);
  world_.broker.set_lose_next_acks(0);
  world_.broker.set_latency(milliseconds(5));
  if (!world_.device.running()) device_mishap();
  if (!world_.backend.running()) boot_backend();
  // A backend that is to die at its next message does so now, and is restarted.
  world_.run_for(hours(1));
  if (!world_.backend.running()) boot_backend();
}

// --- what is seen from outside ---

std::uint8_t Life::answer(const MqttMessage& message) {
  const CloudEvent event = decode_cloud_event(message).value();
  const auto* sequence = event.attribute("sequence");
  const std::uint8_t reason = std::exchange(refuse_next_, std::uint8_t{0});
  if (sequence == nullptr) return reason;  // a record
  if (!committed_.contains(event.id)) complain("published, but not committed: " + event.id);
  const auto [known, first] = published_.try_emplace(event.id, text_of(event.data));
  if (known->second != text_of(event.data)) complain(event.id + " changed its data");
  if (first) {
    const std::int64_t seq = std::stoll(*sequence);
    if (seq <= last_published_[event.source]) complain(event.id + " was overtaken");
    last_published_[event.source] = seq;
  }
  if (reason == 0x90 || reason == 0x99) refused_for_good_.insert(event.id);
  return reason;
}

void Life::applied(const CloudEvent& event, const ApplyOutcome& outcome) {
  if (outcome.outcome == Applied::rejected) complain("rejected: " + event.id + ": " + outcome.why);
  if (outcome.rewind) complain("rewind: " + *outcome.rewind);
  if (outcome.outcome == Applied::declared) {
    const GapRecord gap = wire::read_gap(event).value();
    for (auto seq = gap.first; seq <= gap.last; ++seq)
      declared_.insert(EventId{gap.epoch, gap.lane, seq}.text());
  }
  if (outcome.outcome != Applied::applied) return;
  const auto fate = committed_.find(event.id);
  if (fate == committed_.end()) return complain("applied, but not committed: " + event.id);
  if (++fate->second.applied > 1) complain(event.id + " was applied again");
  if (fate->second.data != text_of(event.data)) complain(event.id + " was applied with other data");
}

void Life::judge() {
  judge_fates();
  if (world_.device.state("last").value() != last_state_) complain("the state is not that of the last write");
  const auto missing = world_.backend.inbox().missing().value();
  for (const MissingRange& range : missing) {
    complain("missing: " + range.source + " " + range.epoch.text() + " " + std::to_string(range.first) +
             ".." + std::to_string(range.last));
  }
  if (!world_.backend.inbox().rewinds().value().empty()) complain("a rewind is on record");
}

void Life::judge_fates() {
  for (const auto& [id, fate] : committed_) {
    if (fate.applied == 0 && !declared_.contains(id)) complain("lost: " + id);
    if (declared_.contains(id) && !refused_for_good_.contains(id))
      complain("declared without a reason: " + id);
  }
  for (const std::string& id : declared_) {
    if (!committed_.contains(id)) complain("declared, but not committed: " + id);
  }
}

void Life::complain(const std::string& what) { complaints_.push_back(what); }

std::string Life::summary() const {
  std::ostringstream out;
  out << committed_.size() << " events in " << writes_ << " writes, " << boots_ << " boots, "
      << published_.size() << " published, " << declared_.size() << " declared";
  return out.str();
}

}  // namespace holdfast::sim_tests
