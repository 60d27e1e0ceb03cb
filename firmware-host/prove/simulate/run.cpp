// SPDX-License-Identifier: MIT
#include "prove/simulate/run.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <memory>

#include "prove/simulate/trouble.hpp"
#include "wire/records.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// Everything has to be delivered within this, once the trouble is over.
constexpr hours kPatience{24};
/// Whatever is under way has arrived, and the backend is connected.
constexpr std::chrono::minutes kSettled{2};

class Simulation {
 public:
  Simulation(const SimulatePlan& plan, const SimulatePlant& plant,
             const std::function<void(Duration)>& progress)
      : plan_(plan),
        progress_(progress),
        ledger_(plan.devices.size()),
        hub_(world_, plan.devices.size(), seed_of(kNobody), ledger_, report_.story, plan.look_period, plant) {
    platform::sim::seed_sqlite(static_cast<std::uint32_t>(plan.options.seed));
    report_.plan = plan;
    report_.story.samples.resize(plan.devices.size());
    world_.broker.set_history(false);
    world_.broker.set_session_messages_max(plan.session_messages_max);
    world_.broker.set_answer([this](const MqttMessage& message) { return answer(message); });
    for (std::size_t i = 0; i < plan.devices.size(); ++i) {
      boards_.push_back(
          std::make_unique<Board>(world_, i, plan.devices[i], seed_of(i), ledger_, report_.story));
      if (plant.lying_disk) boards_.back()->plant_lying_disk();
      if (plant.phantom) boards_.back()->plant_phantoms();
    }
    trouble_ = std::make_unique<Troublemaker>(Cast{world_, boards_, hub_}, plan, report_.story);
    world_.add(hub_);
    world_.add(hub_.backend());
    for (auto& board : boards_) {
      world_.add(*board);
      world_.add(board->device());
    }
    world_.add(*trouble_);
  }

  SimulateReport run() {
    hub_.boot_now();
    const Instant end = begun_ + plan_.span;
    while (world_.clock.now() < end) {
      world_.run_for(std::min<Duration>(hours(6), end - world_.clock.now()));
      if (progress_) progress_(world_.clock.now() - begun_);
    }
    recover();
    drain();
    judge();
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::uint64_t seed_of(std::size_t device) const {
    platform::sim::SeededEntropy dice(plan_.options.seed + 0x5eedULL * (device + 2));
    return dice.next();
  }
  void note(std::string text) { report_.story.note(world_.clock.now() - begun_, kNobody, std::move(text)); }

  // What reaches the broker.
  std::uint8_t answer(const MqttMessage& message) {
    if (runtime::is_not_for_consumers(message.topic)) return 0;
    const auto event = decode_cloud_event(message);
    if (!event) {
      ledger_.complain("G4: published, and no CloudEvent: " + message.topic);
      return 0;
    }
    const auto device = device_of(*event);
    if (!device || *device >= boards_.size()) {
      ledger_.complain("G4: published by nobody: " + event->source);
      return 0;
    }
    const auto id = event_id_of(*event);
    if (id) ++report_.published;
    if (id) ledger_.published(*id, event->subject, digest(event->data));
    const std::uint8_t reason = boards_[*device]->answer();
    if (id && reason == 0) ledger_.accepted(*id);
    if (!id && reason == 0 && event->type == kGapType) {
      if (const auto gap = wire::read_gap(*event)) ledger_.accepted(*gap);
    }
    return reason;
  }

  // No more trouble, and nothing new: every machine is up.
  void recover() {
    trouble_->stop();
    hub_.disarm();
    note("the trouble is over");
    for (auto& board : boards_) {
      board->stop_writing();
      board->disarm();
      board->refusal = 0;
      board->change_network({});
    }
    world_.broker.set_lose_next_acks(0);
    (void)world_.run_until([this] { return all_stand(); }, hours(1));
    hub_.boot_now();
    for (auto& board : boards_) board->boot_now();
  }

  [[nodiscard]] bool all_stand() {
    return hub_.backend().running() && std::all_of(boards_.begin(), boards_.end(), [](const auto& board) {
             return board->broken() || board->device().running();
           });
  }

  [[nodiscard]] bool all_flushed() {
    return std::all_of(boards_.begin(), boards_.end(), [](const auto& board) {
      return board->broken() || (board->device().running() && board->device().flushed());
    });
  }

  void wait_for(const char* what, const std::function<bool()>& done) {
    if (!world_.run_until(done, kPatience))
      ledger_.complain(std::string("liveness: a day after all trouble ") + what);
  }

  void drain() {
    const Instant begun = world_.clock.now();
    wait_for("a backlog is not delivered", [this] { return all_flushed(); });
    bool others = false;
    for (auto& board : boards_) others = board->take_up_other_image() || others;
    if (others) wait_for("the backlog of a twin is not delivered", [this] { return all_flushed(); });
    // What the broker has thrown away at the end of a lane shows by what comes after it.
    world_.run_for(kSettled);
    for (auto& board : boards_) board->write_last_events();
    wait_for("the last events are not delivered", [this] { return all_flushed(); });
    (void)world_.run_until([this] { return all_flushed() && hub_.is_complete(); },
                           kPatience);  // judged below
    report_.drained_in = world_.clock.now() - begun;
    note("everything is delivered, " + length(report_.drained_in) + " after the trouble");
  }

  void judge() {
    world_.run_for(seconds(10));
    std::vector<bool> may_rewind;
    for (std::size_t i = 0; i < boards_.size(); ++i) {
      const auto& troubles = report_.story.troubles;
      may_rewind.push_back(std::any_of(troubles.begin(), troubles.end(), [&](const SimulatedTrouble& one) {
        return one.device == i && (one.trouble == Mishap::older_image || one.trouble == Mishap::twin);
      }));
      boards_[i]->look_at_file();
    }
    report_.broker_dropped = world_.broker.dropped();
    const bool broker_lost_data = trouble_->has_wiped() || report_.broker_dropped > 0;
    hub_.judge(broker_lost_data, may_rewind);
    ledger_.judge(broker_lost_data);
    for (auto& board : boards_) board->shut_down();
    world_.run_for(seconds(10));
    tell();
  }

  void tell() {
    for (std::size_t i = 0; i < boards_.size(); ++i) {
      const Board& board = *boards_[i];
      if (boards_[i]->device().running()) ledger_.complain("G9: " + Board::name(i) + " does not shut down");
      if (const auto& error = boards_[i]->device().close_error())
        ledger_.complain("G9: " + Board::name(i) + " does not close: " + error->text());
      report_.devices.push_back({Board::name(i), plan_.devices[i], ledger_.fates(i), board.rejected(),
                                 board.boots(), board.peak_bytes()});
    }
    report_.received = hub_.received();
    report_.rewinds = hub_.rewinds();
    report_.duplicates = ledger_.duplicates();
    report_.never_committed = ledger_.never_committed();
    report_.gap_records = ledger_.gap_records();
    report_.resend_requests = hub_.backend().resend_requests();
    report_.connects = world_.broker.connects();
    report_.complaints = ledger_.complaints();
    report_.complaints_in_all = ledger_.complaints_in_all();
  }

  SimulatePlan plan_;
  const std::function<void(Duration)>& progress_;
  World world_;
  Instant begun_ = world_.clock.now();
  SimulatedLedger ledger_;
  SimulateReport report_;
  std::vector<std::unique_ptr<Board>> boards_;
  Hub hub_;
  std::unique_ptr<Troublemaker> trouble_;
};

}  // namespace

SimulatedFates SimulateReport::total() const {
  SimulatedFates all;
  for (const SimulatedDevice& device : devices) {
    all.committed += device.fates.committed;
    all.applied += device.fates.applied;
    all.rolled_back += device.fates.rolled_back;
    all.forgotten += device.fates.forgotten;
    all.lost += device.fates.lost;
    for (const auto& [reason, count] : device.fates.declared) all.declared[reason] += count;
  }
  return all;
}

SimulateReport simulate(const SimulatePlan& plan, const SimulatePlant& plant,
                        const std::function<void(Duration)>& progress) {
  return Simulation(plan, plant, progress).run();
}

}  // namespace holdfast::prove
