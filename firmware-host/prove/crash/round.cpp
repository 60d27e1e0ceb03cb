// SPDX-License-Identifier: MIT
#include "prove/crash/round.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "prove/crash/backup.hpp"
#include "prove/crash/images.hpp"
#include "prove/crash/inbox_life.hpp"
#include "prove/crash/observer.hpp"
#include "prove/crash/oracle.hpp"
#include "prove/crash/sample.hpp"
#include "prove/crash/workload.hpp"
#include "prove/crash/worn_oracle.hpp"

namespace holdfast::prove {
namespace {

using platform::sim::DiskLog;

constexpr std::uint64_t kStatesPerRound = 8'000;
constexpr std::uint64_t kSlowStatesPerRound = 2'000;  // where a state takes several times as long
constexpr std::uint64_t kFromNothingEvery = 16;       // rounds that record how a store is made
constexpr std::uint64_t kSpecialEvery = 8;            // rounds of an old store, of budgets, of a backup
constexpr std::uint64_t kBackupEvery = 8;             // states of which the backup is opened too
constexpr std::uint64_t kInboxEvery = 6;              // rounds of a consumer: the last of so many
constexpr std::uint64_t kThoroughEvery = 16;          // states that are worked with for longer
constexpr std::uint64_t kDrainedEvery = 64;           // ... and of these, drained by a relay to a consumer
constexpr std::uint64_t kWornDrainedEvery = 4;        // the same on worse media
constexpr std::uint64_t kSecondEvery = 400;           // states of which the opening is cut in turn
constexpr std::size_t kSecondCuts = 40;               // images of each of them

thread_local std::array<char, 96> at_hand{};

void take_in_hand(const StateName& name) {
  const std::string text = name.text();
  const std::size_t length = std::min(text.size(), at_hand.size() - 1);
  std::memcpy(at_hand.data(), text.data(), length);
  at_hand.at(length) = '\0';
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

}  // namespace

class RoundExplorer::Explorer {
 public:
  explicit Explorer(const CrashPlan& plan) : plan_(plan) {}

  Round explore(std::uint64_t number) {
    round_ = {};
    seen_.clear();
    seen_second_.clear();
    seen_worn_.clear();
    begin(number);
    const std::uint64_t seed = seed_of(number);
    // A few more than are wanted, since some are alike: a short run is to end with its first round.
    const std::uint64_t wanted = std::min(plan_.states + plan_.states / 4 + 50,
                                          is_slow(number) ? kSlowStatesPerRound : kStatesPerRound);
    const Sample sample(log(), ledger(), seed, wanted, plan_.media);
    CrashImages images(log(), seed, plan_.media);
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
    seen_worn_.clear();
    begin(name.round);
    CrashImages images(log(), seed_of(name.round), plan_.media);
    if (name.first.point > images.last_point()) return no_such(name);
    images.move_to(name.first.point);
    if (name.first.variant >= images.variants()) return no_such(name);
    if (name.second && (is_of_inbox_ || plan_.media != Media::honest)) return no_such(name);
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
    rig_ = std::make_unique<Rig>();
    rig_->disk.set_ignored_syncs(plan_.ignored_syncs);
    is_of_inbox_ = plan_.media == Media::honest && number % kInboxEvery == kInboxEvery - 1;
    if (is_of_inbox_)
      inbox_ = record_inbox(*rig_, seed);
    else
      begin_workload(number, seed);
    round_.operations = log().operations.size();
    for (const std::string& complaint : is_of_inbox_ ? inbox_.complaints : recording_.complaints)
      round_.complaints.push_back("round " + std::to_string(number) + ": " + complaint);
  }

  // The last of six are an inbox's: odd ones.
  static Life life_of(std::uint64_t number) {
    if (number % kFromNothingEvery == 0) return Life::from_nothing;
    switch (number % kSpecialEvery) {
      case 2: return Life::migrated;
      case 4: return Life::resized;
      case 6: return Life::backed_up;
      default: return Life::ordinary;
    }
  }

  // Worse media are looked at several times; an opening that finds half a change of the budget makes a store anew.
  bool is_slow(std::uint64_t number) const {
    return plan_.media != Media::honest || (!is_of_inbox_ && life_of(number) == Life::resized);
  }

  void begin_workload(std::uint64_t number, std::uint64_t seed) {
    recording_ = record_workload(*rig_, {seed, life_of(number)});
    consumer_.begin_round(recording_.arrivals);
    for (std::string& complaint : consumer_.rehearse()) recording_.complaints.push_back(std::move(complaint));
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
    // Whatever it has come to, when it changes; a store that may be made anew is told.
    if (recording_.ledger.budget_bytes != kProveBudgetBytes) look.budget_bytes = 0;
    return look;
  }

  // Worse media: what a consumer had when the image was left decides too.
  void look_at_worn(CrashImages::Built built, const CrashImages& images, const StateName& name) {
    const std::size_t moment = images.moment_of(name.first.variant);
    const std::uint64_t hash = plan_.media == Media::rollback ? mixed(built.hash, moment) : built.hash;
    if (!seen_worn_.insert(mixed(built.hash, moment)).second) return;
    take_in_hand(name);
    bool drains = plan_.media == Media::rollback || hash % kWornDrainedEvery == 0;
    WornVerdict verdict = look_once_worn(std::move(built), name, hash, moment, drains);
    if (verdict.needs_consumer) {
      drains = true;
      verdict = look_once_worn(images.build(name.first.variant), name, hash, moment, drains);
    }
    if (!verdict.complaints.empty()) note_bad(name, images.describe(name.first.variant), verdict.complaints);
    note(hash, cut_of(ledger(), log(), name.first.point, Phase::opening),
         {.any_in_progress = verdict.any_in_progress,
          .outcome = verdict.outcome,
          .state_differs = verdict.state_differs,
          .drained = drains});
  }

  WornVerdict look_once_worn(CrashImages::Built built, const StateName& name, std::uint64_t hash,
                             std::size_t moment, bool drains) {
    Look look = look_for(name, hash);
    look.thorough = drains;
    if (drains) look.consumer = &consumer_;
    const std::shared_lock lock(sqlite_mutex());
    WornObservation seen = observe_worn(*rig_, std::move(built.image), look, moment);
    if (plan_.planted != Planted::none) plant(seen);
    return judge_worn(seen, ledger(), recording_.arrivals, moment);
  }

  // As if the product had written something else.
  void plant(WornObservation& seen) const {
    const auto& all = ledger().events[1];
    for (EpochRecord& record : seen.epochs) {
      for (LaneEnd& end : record.parent_ends) {
        const auto lane = std::find(kLaneNames.begin(), kLaneNames.end(), end.lane) - kLaneNames.begin();
        if (plan_.planted == Planted::claims_all) end.last = ledger().ends.at(static_cast<std::size_t>(lane));
      }
    }
    for (ToldWrite& write : seen.written) {
      if (plan_.planted == Planted::repeats_epochs && !all.empty())
        write.events.at(0).epoch = all.back().epoch;
    }
  }

  void look_at(const CrashImages& images, const StateName& name) {
    CrashImages::Built built = images.build(name.first.variant);
    ++round_.images;
    if (plan_.media != Media::honest) return look_at_worn(std::move(built), images, name);
    const std::size_t point = name.first.point;
    const std::uint64_t hash = built.hash;
    const auto [it, is_new] = seen_.try_emplace(hash);
    const bool drains = !is_of_inbox_ && hash % kDrainedEvery == 0;
    if (is_new) {
      take_in_hand(name);
      const std::shared_lock lock(sqlite_mutex());
      if (is_of_inbox_)
        it->second.inbox = observe_inbox(*rig_, std::move(built.image));
      else
        it->second.store = look_once(std::move(built), name, drains);
    }
    Verdict verdict = is_of_inbox_ ? judge_inbox(it->second.inbox, inbox_, point)
                                   : judge(it->second.store, recording_.ledger, point);
    if (is_new && drains && it->second.store.drain) {
      for (std::string& complaint :
           judge_drain(*it->second.store.drain, ledger(), recording_.arrivals, point, verdict.writes))
        verdict.complaints.push_back(std::move(complaint));
    }
    if (is_new && !is_of_inbox_) look_at_backup(images, name, hash, verdict.complaints);
    if (!verdict.complaints.empty()) note_bad(name, images.describe(name.first.variant), verdict.complaints);
    if (!is_new) return;
    note(hash, cut_of(ledger(), log(), point, Phase::opening),
         {.any_in_progress = verdict.any_in_progress, .there = verdict.writes > 0, .drained = drains});
    if (!is_of_inbox_ && verdict.complaints.empty() && mixed(hash, 2) % kSecondEvery == 0)
      cut_again(images, name);
  }

  void look_at_backup(const CrashImages& images, const StateName& name, std::uint64_t hash,
                      std::vector<std::string>& complaints) {
    const auto& backups = ledger().backups;
    const std::size_t point = name.first.point;
    const bool is_there = !backups.empty() && backups.front().begin <= point;
    if (!is_there || (backups.front().end <= point && mixed(hash, 3) % kBackupEvery != 0)) return;
    const std::shared_lock lock(sqlite_mutex());
    const auto seen = observe_backup(*rig_, images.build(name.first.variant).image, look_for(name, hash),
                                     ledger().budget_bytes);
    for (std::string& complaint : judge_backup(seen, ledger(), point))
      complaints.push_back(std::move(complaint));
  }

  Observation look_once(CrashImages::Built built, const StateName& name, bool drains) {
    Look look = look_for(name, built.hash);
    if (!drains) return observe(*rig_, std::move(built.image), look);
    look.consumer = &consumer_;
    consumer_.open(name.first.point);
    Observation seen = observe(*rig_, std::move(built.image), look);
    seen.drain = consumer_.close();
    return seen;
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
    const Observation seen = observe(*rig_, std::move(built.image), look);
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
      seen = observe(*rig_, std::move(built.image), look_for(name, built.hash));
    }
    const std::size_t point = name.second->point;
    const Verdict verdict = judge(seen, inner.ledger, point);
    if (!verdict.complaints.empty())
      note_bad(name, images.describe(name.second->variant), verdict.complaints);
    if (!seen_second_.insert(built.hash).second || seen_.contains(built.hash)) return;
    note(built.hash, cut_of(inner.ledger, inner.log, point, Phase::recovering),
         {.second = true, .any_in_progress = verdict.any_in_progress, .there = verdict.writes > 0});
  }

  // --- notes ---

  static CutKind cut_of(const Ledger& ledger, const DiskLog& log, std::size_t point, Phase otherwise) {
    const Step* step = point > 0 ? ledger.step_of(point - 1) : nullptr;
    return {step != nullptr ? step->phase : otherwise, kind_of(log, point)};
  }

  void note(std::uint64_t hash, CutKind cut, Round::Entry entry) {
    const auto found = std::find(round_.cuts.begin(), round_.cuts.end(), cut);
    entry.hash = hash;
    entry.cut = static_cast<std::uint32_t>(found - round_.cuts.begin());
    if (found == round_.cuts.end()) round_.cuts.push_back(std::move(cut));
    round_.entries.push_back(entry);
  }

  void note_bad(const StateName& name, std::string survived, const std::vector<std::string>& complaints) {
    ++round_.bad_states;
    if (round_.bad.size() < kBadKept) round_.bad.push_back({name, std::move(survived), complaints});
  }

  const CrashPlan& plan_;
  std::unique_ptr<Rig>
      rig_;  // of the round: its clock is in the bytes, and must not tell of the rounds before
  bool is_of_inbox_ = false;  ///< the round
  Recording recording_;
  Consumer consumer_;
  InboxRecording inbox_;
  Round round_;
  std::unordered_map<std::uint64_t, Seen> seen_;
  std::unordered_set<std::uint64_t> seen_second_;
  std::unordered_set<std::uint64_t> seen_worn_;
};

RoundExplorer::RoundExplorer(const CrashPlan& plan) : explorer_(std::make_unique<Explorer>(plan)) {}

RoundExplorer::~RoundExplorer() = default;

Round RoundExplorer::explore(std::uint64_t number) { return explorer_->explore(number); }

Result<Round> RoundExplorer::explore_one(const StateName& name) { return explorer_->explore_one(name); }

const char* state_at_hand() noexcept { return at_hand.data(); }

}  // namespace holdfast::prove
