// SPDX-License-Identifier: MIT
#include "prove/kill/verdict.hpp"

namespace holdfast::prove {
namespace {

void expect_none(std::vector<std::string>& complaints, const demo::Ids& ids, const char* what) {
  if (ids.count != 0)
    complaints.push_back("Holdfast: events " + std::string(what) + ": " + std::to_string(ids.count) +
                         ", the first " + ids.first.front() + ".");
}

void expect_harm(std::vector<std::string>& complaints, const Tally& tally, const char* who) {
  if (tally.lost.count + tally.phantom.count == 0)
    complaints.push_back("The dual write that " + std::string(who) +
                         " first lost and invented nothing, so the kills did not hit.");
}

}  // namespace

Tally tally(const KillEvidence& evidence) {
  demo::Evidence receipts;
  receipts.committed = evidence.committed;
  receipts.applied = evidence.received;
  const demo::Verdict of_receipts = demo::judge(receipts);
  demo::Evidence effects;
  effects.committed = evidence.committed;
  effects.applied = evidence.applied ? *evidence.applied : evidence.received;
  const demo::Verdict of_effects = demo::judge(effects);
  return {.committed = of_effects.committed,
          .lost = of_effects.lost,
          .phantom =
              of_receipts.phantom.count > of_effects.phantom.count ? of_receipts.phantom : of_effects.phantom,
          .received_again = of_receipts.applied_twice,
          .applied_twice = of_effects.applied_twice};
}

std::vector<std::string> KillVerdict::complaints() const {
  std::vector<std::string> all;
  if (holdfast.committed == 0 || commit_first.committed == 0 || publish_first.committed == 0)
    all.emplace_back("A contender committed nothing, so nothing is proved.");
  expect_none(all, holdfast.lost, "lost");
  expect_none(all, holdfast.phantom, "invented");
  expect_none(all, holdfast.applied_twice, "applied twice");
  if (gaps != 0) all.push_back("Holdfast: the inbox misses " + std::to_string(gaps) + " ranges.");
  if (holdfast.received_again.count == 0)
    all.emplace_back("Holdfast: no duplicate was received, so it is not proved that one is suppressed.");
  expect_harm(all, commit_first, "commits");
  expect_harm(all, publish_first, "publishes");
  return all;
}

}  // namespace holdfast::prove
