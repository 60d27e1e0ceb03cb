// SPDX-License-Identifier: MIT
//
// A random device history, delivered in a random order with duplicates, failing effects and reopenings: each
// effect is committed once, and missing() is what a simple model says.
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

enum class Fate { delivered, lost, shed, requeued };  // requeued: declared, and delivered all the same

struct History {
  std::vector<CloudEvent> messages;
  std::set<std::string> ids;       // whose effect must be there
  std::set<std::int64_t> missing;  // known one by one
  std::int64_t missing_in_hull = 0;
};

struct EpochPart {
  Epoch epoch;
  std::int64_t first = 1;
  std::vector<Fate> fates;
  bool sparse = false;  // what was shed is declared by one sparse record
  [[nodiscard]] std::int64_t last() const { return first + static_cast<std::int64_t>(fates.size()) - 1; }
};

std::vector<EpochPart> random_parts() {
  std::vector<EpochPart> parts;
  std::int64_t next = 1;
  const auto epochs = *rc::gen::inRange(1, 5);
  for (int n = 1; n <= epochs; ++n) {
    EpochPart part;
    part.epoch = Epoch{static_cast<std::uint64_t>(n)};
    part.first = next;
    const auto events = *rc::gen::inRange<std::size_t>(1, 9);
    part.fates = *rc::gen::container<std::vector<Fate>>(
        events, rc::gen::weightedElement<Fate>(
                    {{6, Fate::delivered}, {1, Fate::lost}, {2, Fate::shed}, {1, Fate::requeued}}));
    part.sparse = *rc::gen::arbitrary<bool>();
    next = part.last() + 1;
    parts.push_back(part);
  }
  return parts;
}

/// The hull of what was shed, when it is declared by one record that does not say which.
std::optional<std::pair<std::int64_t, std::int64_t>> hull_of(const EpochPart& part) {
  std::optional<std::pair<std::int64_t, std::int64_t>> hull;
  for (std::int64_t seq = part.first; part.sparse && seq <= part.last(); ++seq) {
    if (part.fates[static_cast<std::size_t>(seq - part.first)] != Fate::shed) continue;
    if (!hull) hull = {seq, seq};
    hull->second = seq;
  }
  return hull;
}

void add_part(History& history, const EpochPart& part, bool has_child) {
  const auto hull = hull_of(part);
  std::int64_t shed = 0;
  std::int64_t highest = 0;
  std::vector<std::int64_t> lost;
  for (std::int64_t seq = part.first; seq <= part.last(); ++seq) {
    const Fate fate = part.fates[static_cast<std::size_t>(seq - part.first)];
    if (fate == Fate::lost) {
      lost.push_back(seq);
      continue;
    }
    highest = seq;
    if (fate == Fate::delivered || fate == Fate::requeued) {
      history.messages.push_back(event_of(part.epoch, seq));
      history.ids.insert(history.messages.back().id);
    }
    if (fate == Fate::requeued) history.messages.push_back(gap_of(part.epoch, seq, seq, 1, "quarantined"));
    if (fate == Fate::shed && !hull) history.messages.push_back(gap_of(part.epoch, seq, seq));
    shed += fate == Fate::shed ? 1 : 0;
  }
  if (hull) history.messages.push_back(gap_of(part.epoch, hull->first, hull->second, shed));
  for (const std::int64_t seq : lost) {
    if (hull && seq > hull->first && seq < hull->second) {
      ++history.missing_in_hull;
    } else if (has_child || seq < highest) {  // nobody can know of a tail without a child
      history.missing.insert(seq);
    }
  }
}

History random_history() {
  History history;
  const std::vector<EpochPart> parts = random_parts();
  for (std::size_t n = 0; n < parts.size(); ++n) {
    add_part(history, parts[n], n + 1 < parts.size());
    history.messages.push_back(
        n == 0 ? epoch_of(parts[0].epoch, std::nullopt)
               : epoch_of(parts[n].epoch, parts[n - 1].epoch, {{"telemetry", parts[n - 1].last()}}));
  }
  const auto again = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::inRange<std::size_t>(0, history.messages.size()));
  for (const std::size_t index : again) history.messages.push_back(history.messages[index]);
  return history;
}

/// Everything in a random order; some effects fail at first, and the inbox is closed now and then.
void deliver(World& world, const std::vector<CloudEvent>& messages) {
  std::vector<std::uint32_t> dice = *rc::gen::container<std::vector<std::uint32_t>>(
      messages.size(), rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>()));
  std::vector<std::size_t> order(messages.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return dice[a] / 64 < dice[b] / 64; });
  for (const std::size_t index : order) {
    const CloudEvent& message = messages[index];
    if (dice[index] % 64 < 4) world.close();
    if (dice[index] % 4 == 3) {
      const auto failing = [](const CloudEvent& event, sqlite3* sql) {
        RC_ASSERT(World::note(event, sql).has_value());
        return Result<void>(fail(ErrorCode::busy, "effect"));
      };
      const auto outcome = world.inbox().apply(message, failing);
      const bool failed = !outcome && outcome.error().code == ErrorCode::busy;
      const bool had_no_effect = outcome && outcome->outcome != Applied::applied;
      RC_ASSERT(failed || had_no_effect);
    }
    const auto outcome = world.apply(message);
    RC_ASSERT(outcome.has_value());
    RC_ASSERT(outcome->outcome != Applied::rejected);
  }
}

void check_property(Home home) {
  const History history = random_history();
  World world(home);
  deliver(world, history.messages);

  RC_ASSERT(world.effects() == static_cast<std::int64_t>(history.ids.size()));
  for (const std::string& id : history.ids) {
    RC_ASSERT(world.query("SELECT count(*) FROM effect WHERE id = '" + id + "'") == 1);
  }
  std::set<std::int64_t> missing;
  std::int64_t in_hulls = 0;
  for (const MissingRange& range : world.missing()) {
    if (range.unknown_seqs) {
      in_hulls += range.count;
      continue;
    }
    RC_ASSERT(range.count == range.last - range.first + 1);
    for (std::int64_t seq = range.first; seq <= range.last; ++seq) RC_ASSERT(missing.insert(seq).second);
  }
  RC_ASSERT(missing == history.missing);
  RC_ASSERT(in_hulls == history.missing_in_hull);
  RC_ASSERT(world.inbox().rewinds()->empty());
  RC_ASSERT(world.inbox().statistics().rewinds == 0U);
}

RC_GTEST_PROP(InboxProperty, applies_once_and_knows_what_is_missing_in_its_own_file, ()) {
  check_property(Home::own_file);
}
RC_GTEST_PROP(InboxProperty, applies_once_and_knows_what_is_missing_when_attached, ()) {
  check_property(Home::attached);
}

}  // namespace
}  // namespace holdfast::inbox_tests
