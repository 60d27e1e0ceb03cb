// SPDX-License-Identifier: MIT
#include "prove/crash/explorer.hpp"

#include <mutex>
#include <thread>
#include <unordered_set>

#include "prove/crash/round.hpp"

namespace holdfast::prove {
namespace {

/// Adds rounds up, in their order.
class Sum {
 public:
  explicit Sum(const CrashPlan& plan) : plan_(plan) {
    report_.seed = plan.seed;
    report_.media = plan.media;
  }

  /// A workload that fails by itself proves nothing, and a round without a new state would go on for ever.
  [[nodiscard]] bool enough() const {
    return report_.states >= plan_.states || !report_.complaints.empty() || barren_;
  }
  void add(Round round) {
    ++report_.rounds;
    report_.operations += round.operations;
    report_.images += round.images;
    report_.bad_states += round.bad_states;
    for (BadState& bad : round.bad) {
      if (report_.bad.size() < kBadKept) report_.bad.push_back(std::move(bad));
    }
    for (std::string& complaint : round.complaints) report_.complaints.push_back(std::move(complaint));
    const std::uint64_t before = report_.states;
    for (const Round::Entry& entry : round.entries) {
      if (!known_.insert(entry.hash).second) continue;
      CutCount& count = report_.by_cut[round.cuts[entry.cut]];
      ++report_.states;
      ++count.states;
      if (entry.second) ++report_.second_cuts;
      if (entry.drained) ++report_.drained;
      if (entry.state_differs) ++report_.state_differs;
      if (entry.outcome) ++count.outcomes.at(static_cast<std::size_t>(*entry.outcome));
      if (entry.any_in_progress && !entry.outcome) ++(entry.there ? count.there : count.gone);
    }
    barren_ = report_.states == before;
    if (plan_.progress) plan_.progress(report_.states);
  }
  [[nodiscard]] CrashReport take() { return std::move(report_); }

 private:
  const CrashPlan& plan_;
  CrashReport report_;
  std::unordered_set<std::uint64_t> known_;
  bool barren_ = false;
};

/// Workers take rounds as they come; they are added up in order, and rounds beyond the last one needed are forgotten.
class Workers {
 public:
  explicit Workers(const CrashPlan& plan)
      : plan_(plan), sum_(plan), next_(plan.first_round), added_(plan.first_round) {}

  CrashReport run() {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < plan_.threads; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    return sum_.take();
  }

 private:
  void work() {
    RoundExplorer explorer(plan_);
    for (;;) {
      std::uint64_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        if (sum_.enough()) return;
        number = next_++;
      }
      Round round = explorer.explore(number);
      const std::lock_guard lock(mutex_);
      done_.emplace(number, std::move(round));
      for (auto it = done_.find(added_); it != done_.end() && !sum_.enough(); it = done_.find(added_)) {
        sum_.add(std::move(it->second));
        done_.erase(it);
        ++added_;
      }
    }
  }

  const CrashPlan& plan_;
  std::mutex mutex_;
  Sum sum_;
  std::map<std::uint64_t, Round> done_;
  std::uint64_t next_;
  std::uint64_t added_;
};

}  // namespace

CrashReport explore_crashes(const CrashPlan& plan) { return Workers(plan).run(); }

Result<CrashReport> explore_one(const CrashPlan& plan, const StateName& name) {
  RoundExplorer explorer(plan);
  auto round = explorer.explore_one(name);
  if (!round) return tl::unexpected<Error>(round.error());
  CrashPlan one = plan;
  one.states = 1;
  Sum sum(one);
  sum.add(std::move(*round));
  return sum.take();
}

}  // namespace holdfast::prove
