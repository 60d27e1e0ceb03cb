// SPDX-License-Identifier: MIT
#include "prove/crash_explorer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "prove/crash_images.hpp"
#include "prove/inbox_life.hpp"
#include "prove/observer.hpp"
#include "prove/oracle.hpp"
#include "prove/workload.hpp"

namespace holdfast::prove {
namespace {

using platform::sim::DiskLog;
using platform::sim::SeededEntropy;

constexpr std::uint64_t kStatesPerRound = 8'000;
constexpr std::uint64_t kFromNothingEvery = 16;  // rounds that record how a store is made
constexpr std::uint64_t kInboxEvery = 6;         // rounds of a consumer: the last of so many
constexpr std::uint64_t kThoroughEvery = 16;     // states that are worked with for longer
constexpr std::uint64_t kSecondEvery = 400;      // states of which the opening is cut in turn
constexpr std::size_t kSecondCuts = 40;          // images of each of them
constexpr std::size_t kBadKept = 20;

thread_local std::array<char, 96> at_hand{};

void take_in_hand(const StateName& name) {
  const std::string text = name.text();
  const std::size_t length = std::min(text.size(), at_hand.size() - 1);
  std::memcpy(at_hand.data(), text.data(), length);
  at_hand.at(length) = '\0';
}

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
  return SeededEntropy(SeededEntropy(one).next() ^ other).next();
}

/// SQLite's generator of salts belongs to the process: whoever records has SQLite for himself.
std::shared_mutex& sqlite_mutex() {
  static std::shared_mutex mutex;
  return mutex;
}

std::string kind_of(const DiskLog& log, std::size_t point) {
  if (point == 0) return "none";
  const auto& operation = log.operations[point - 1];
  const std::string& name = log.name_of(operation);
  const auto dash = name.rfind('-');
  const std::string file = dash == std::string::npos ? "database" : name.substr(dash + 1);
  return std::string(to_string(operation.act)) + " " + file;
}

/// Which variants of which points are looked at: a share of each phase, so that a phase with few operations is not
/// drowned by one with many. All by hash, so that any state is chosen or not whatever else is.
class Sample {
 public:
  Sample(const DiskLog& log, const Ledger& ledger, std::uint64_t seed, std::uint64_t wanted) : seed_(seed) {
    CrashImages images(log, seed);
    std::array<std::uint64_t, kPhaseNames.size()> counts{};
    phases_.reserve(images.last_point() + 1);
    for (std::size_t point = 0; point <= images.last_point(); ++point) {
      images.move_to(point);
      const Step* step = point > 0 ? ledger.step_of(point - 1) : nullptr;
      phases_.push_back(step != nullptr ? step->phase : Phase::opening);
      counts.at(static_cast<std::size_t>(phases_.back())) += images.variants();
    }
    const double points = static_cast<double>(phases_.size());
    plain_share_ = std::min(1.0, static_cast<double>(wanted) / 2 / points);
    divide(counts, static_cast<double>(wanted));
  }

  /// The first two variants of each point are looked at whatever its phase: nothing and everything.
  [[nodiscard]] bool takes(std::size_t point, std::size_t variant) const {
    const double dice = static_cast<double>(mixed(seed_ + point, variant) >> 11U) * 0x1.0p-53;
    return dice < (variant < 2 ? plain_share_ : shares_.at(static_cast<std::size_t>(phases_[point])));
  }
  [[nodiscard]] Phase phase(std::size_t point) const { return phases_[point]; }

 private:
  // What a phase cannot use is divided among the others.
  void divide(const std::array<std::uint64_t, kPhaseNames.size()>& counts, double wanted) {
    std::vector<std::size_t> order;
    for (std::size_t phase = 0; phase < counts.size(); ++phase) {
      if (counts.at(phase) > 0) order.push_back(phase);
    }
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return counts.at(a) < counts.at(b); });
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto count = static_cast<double>(counts.at(order[i]));
      const double share = std::min(count, wanted / static_cast<double>(order.size() - i));
      shares_.at(order[i]) = share / count;
      wanted -= share;
    }
  }

  std::uint64_t seed_;
  std::vector<Phase> phases_;
  double plain_share_ = 1;
  std::array<double, kPhaseNames.size()> shares_{};
};

/// What one round has found.
struct Round {
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t cut = 0;  ///< index in cuts
    bool second = false;
    bool any_in_progress = false;
    bool there = false;
  };
  std::vector<CutKind> cuts;
  std::vector<Entry> entries;  ///< distinct within the round
  std::uint64_t operations = 0;
  std::uint64_t images = 0;
  std::uint64_t bad_states = 0;
  std::vector<BadState> bad;
  std::vector<std::string> complaints;
};

/// Explores one round. Each worker has one, with a disk of its own.
class Explorer {
 public:
  explicit Explorer(const CrashPlan& plan) : plan_(plan) { rig_.disk.set_ignored_syncs(plan.ignored_syncs); }

  Round explore(std::uint64_t number) {
    round_ = {};
    seen_.clear();
    seen_second_.clear();
    begin(number);
    const std::uint64_t seed = seed_of(number);
    // A few more than are wanted, since some are alike: a short run is to end with its first round.
    const std::uint64_t wanted = std::min(plan_.states + plan_.states / 4 + 50, kStatesPerRound);
    const Sample sample(log(), ledger(), seed, wanted);
    CrashImages images(log(), seed);
    for (std::size_t point = 0; point <= images.last_point(); ++point) {
      images.move_to(point);
      for (std::size_t variant = 0; variant < images.variants(); ++variant) {
        if (!sample.takes(point, variant)) continue;
        StateName name{number, {point, variant}, {}};
        look_at(images, name);
      }
    }
    return std::move(round_);
  }

  Result<Round> explore_one(const StateName& name) {
    round_ = {};
    seen_.clear();
    seen_second_.clear();
    begin(name.round);
    CrashImages images(log(), seed_of(name.round));
    if (name.first.point > images.last_point()) return no_such(name);
    images.move_to(name.first.point);
    if (name.first.variant >= images.variants()) return no_such(name);
    if (name.second && is_of_inbox_) return no_such(name);
    if (!name.second) {
      look_at(images, name);
    } else {
      const auto inner = record_opening(images, name);
      CrashImages again(inner.log, seed_of_second(name));
      if (name.second->point > again.last_point()) return no_such(name);
      again.move_to(name.second->point);
      if (name.second->variant >= again.variants()) return no_such(name);
      look_at_second(inner, again, name);
    }
    return std::move(round_);
  }

 private:
  struct Inner {
    DiskLog log;
    Ledger ledger;
  };
  struct Seen {
    Observation store;
    InboxObservation inbox;
  };

  static tl::unexpected<Error> no_such(const StateName& name) {
    return fail(ErrorCode::invalid, "explore " + name.text(), "there is no such state of this seed");
  }
  std::uint64_t seed_of(std::uint64_t round) const { return mixed(plan_.seed, round); }
  std::uint64_t seed_of_second(const StateName& name) const {
    return mixed(seed_of(name.round) + name.first.point, name.first.variant);
  }

  void begin(std::uint64_t number) {
    const std::unique_lock lock(sqlite_mutex());
    const std::uint64_t seed = seed_of(number);
    platform::sim::seed_sqlite(static_cast<std::uint32_t>(seed));
    is_of_inbox_ = number % kInboxEvery == kInboxEvery - 1;
    if (is_of_inbox_)
      inbox_ = record_inbox(rig_, seed);
    else
      recording_ = record_workload(rig_, {seed, number % kFromNothingEvery == 0});
    round_.operations = log().operations.size();
    for (const std::string& complaint : is_of_inbox_ ? inbox_.complaints : recording_.complaints)
      round_.complaints.push_back("round " + std::to_string(number) + ": " + complaint);
  }

  const DiskLog& log() const { return is_of_inbox_ ? inbox_.log : recording_.log; }
  const Ledger& ledger() const { return is_of_inbox_ ? inbox_.ledger : recording_.ledger; }

  Look look_for(const StateName& name, std::uint64_t hash) const {
    Look look;
    look.variation = recording_.variation;
    look.seed = mixed(hash, plan_.seed);
    // Another cut of the same bytes is another life: nothing that is drawn from a seed may come again in it.
    if (name.second) look.seed = mixed(look.seed + name.second->point, name.second->variant);
    look.thorough = hash % kThoroughEvery == 0;
    return look;
  }

  void look_at(const CrashImages& images, const StateName& name) {
    CrashImages::Built built = images.build(name.first.variant);
    ++round_.images;
    const std::size_t point = name.first.point;
    const auto [it, is_new] = seen_.try_emplace(built.hash);
    if (is_new) {
      take_in_hand(name);
      const std::shared_lock lock(sqlite_mutex());
      if (is_of_inbox_)
        it->second.inbox = observe_inbox(rig_, std::move(built.image));
      else
        it->second.store = observe(rig_, std::move(built.image), look_for(name, built.hash));
    }
    const Verdict verdict = is_of_inbox_ ? judge_inbox(it->second.inbox, inbox_, point)
                                         : judge(it->second.store, recording_.ledger, point);
    if (!verdict.complaints.empty()) note_bad(name, images.describe(name.first.variant), verdict);
    if (!is_new) return;
    const Step* step = point > 0 ? ledger().step_of(point - 1) : nullptr;
    note(built.hash, {step != nullptr ? step->phase : Phase::opening, kind_of(log(), point)}, verdict, false);
    if (!is_of_inbox_ && verdict.complaints.empty() && mixed(built.hash, 2) % kSecondEvery == 0)
      cut_again(images, name);
  }

  // --- the second cut ---

  /// Opens the image once more, with everything that is done written down.
  Inner record_opening(const CrashImages& images, const StateName& name) {
    Inner inner;
    CrashImages::Built built = images.build(name.first.variant);
    Look look =
        look_for({name.round, name.first, {}}, built.hash);  // the life that is cut, not the one after it
    look.thorough = false;
    look.log = &inner.log;
    const std::unique_lock lock(sqlite_mutex());
    platform::sim::seed_sqlite(static_cast<std::uint32_t>(seed_of_second(name)));
    const Observation seen = observe(rig_, std::move(built.image), look);
    const Verdict verdict = judge(seen, recording_.ledger, name.first.point);
    inner.ledger = recording_.ledger.after_cut(name.first.point, verdict.writes);
    for (std::size_t lane = 0; seen.drained && lane < kLanes; ++lane) {
      for (const ToldEvent& event : seen.lanes[lane].pending)
        inner.ledger.acknowledged.push_back({lane, event.seq, 0});
    }
    Ledger& told = inner.ledger;
    if (seen.opened_at > 0)
      told.steps.push_back({Phase::recovering, 0, seen.opened_at, told.ends, told.state, {}, true});
    if (seen.wrote_at > seen.opened_at) {
      told.steps.push_back(
          {Phase::writing, seen.opened_at, seen.wrote_at, told.ends, told.state, {seen.next}, true});
      told.committed(seen.next);
    }
    return inner;
  }

  void cut_again(const CrashImages& images, const StateName& name) {
    const Inner inner = record_opening(images, name);
    const std::uint64_t seed = seed_of_second(name);
    CrashImages again(inner.log, seed);
    std::size_t all = 0;
    for (CrashImages counted(inner.log, seed); counted.point() <= counted.last_point();) {
      all += counted.variants();
      if (counted.point() == counted.last_point()) break;
      counted.move_to(counted.point() + 1);
    }
    for (std::size_t point = 0; point <= again.last_point(); ++point) {
      again.move_to(point);
      for (std::size_t variant = 0; variant < again.variants(); ++variant) {
        if (mixed(seed + point, variant) % all >= kSecondCuts) continue;
        look_at_second(inner, again, {name.round, name.first, CutName{point, variant}});
      }
    }
  }

  void look_at_second(const Inner& inner, const CrashImages& images, const StateName& name) {
    CrashImages::Built built = images.build(name.second->variant);
    ++round_.images;
    take_in_hand(name);
    Observation seen;
    {
      const std::shared_lock lock(sqlite_mutex());
      seen = observe(rig_, std::move(built.image), look_for(name, built.hash));
    }
    const std::size_t point = name.second->point;
    const Verdict verdict = judge(seen, inner.ledger, point);
    if (!verdict.complaints.empty()) note_bad(name, images.describe(name.second->variant), verdict);
    if (!seen_second_.insert(built.hash).second || seen_.contains(built.hash)) return;
    const Step* step = point > 0 ? inner.ledger.step_of(point - 1) : nullptr;
    note(built.hash, {step != nullptr ? step->phase : Phase::recovering, kind_of(inner.log, point)}, verdict,
         true);
  }

  // --- notes ---

  void note(std::uint64_t hash, CutKind cut, const Verdict& verdict, bool second) {
    const auto found = std::find(round_.cuts.begin(), round_.cuts.end(), cut);
    const auto index = static_cast<std::uint32_t>(found - round_.cuts.begin());
    if (found == round_.cuts.end()) round_.cuts.push_back(std::move(cut));
    round_.entries.push_back({hash, index, second, verdict.any_in_progress, verdict.writes > 0});
  }

  void note_bad(const StateName& name, std::string survived, const Verdict& verdict) {
    ++round_.bad_states;
    if (round_.bad.size() < kBadKept) round_.bad.push_back({name, std::move(survived), verdict.complaints});
  }

  const CrashPlan& plan_;
  Rig rig_;
  bool is_of_inbox_ = false;  ///< the round
  Recording recording_;
  InboxRecording inbox_;
  Round round_;
  std::unordered_map<std::uint64_t, Seen> seen_;
  std::unordered_set<std::uint64_t> seen_second_;
};

/// Adds rounds up, in their order.
class Sum {
 public:
  explicit Sum(const CrashPlan& plan) : plan_(plan) { report_.seed = plan.seed; }

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
      if (entry.any_in_progress) ++(entry.there ? count.there : count.gone);
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
    Explorer explorer(plan_);
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
  Explorer explorer(plan);
  auto round = explorer.explore_one(name);
  if (!round) return tl::unexpected<Error>(round.error());
  CrashPlan one = plan;
  one.states = 1;
  Sum sum(one);
  sum.add(std::move(*round));
  return sum.take();
}

const char* state_at_hand() noexcept { return at_hand.data(); }

}  // namespace holdfast::prove
