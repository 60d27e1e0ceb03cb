// SPDX-License-Identifier: MIT
#include "prove/direct_backlog.hpp"

#include <utility>

#include "relay/answer_replay.hpp"

namespace holdfast::prove {

void DirectBacklog::fetch(const relay::FetchRequest& request) {
  auto fetched = store_.fetch(request);
  if (!fetched) return put_off(fetched.error(), [this, request] { fetch(request); });
  mailbox_.put(relay::FetchReply{request.lane, request.after_seq, std::move(fetched->events),
                                 fetched->end_seq, fetched->more});
}

void DirectBacklog::fetch_control(bool announce) {
  auto records = store_.control_records(announce);
  if (!records) return put_off(records.error(), [this, announce] { fetch_control(announce); });
  mailbox_.put(std::move(*records));
}

void DirectBacklog::settle(std::vector<relay::Settlement> settled) {
  for (const relay::Settlement& event : settled) store_.settle(event.lane, event.seq);
}

void DirectBacklog::settle_control(std::int64_t number, bool is_gap) {
  store_.settle_control(number, is_gap);
}

void DirectBacklog::refuse(relay::Refusal refusal) {
  const store::RefusalNote note{refusal.lane, refusal.seq, refusal.reason, refusal.detail, clock_.wall().utc};
  if (!refusal.final) return store_.note_failure(note);
  mailbox_.put(relay::RefusalReply{refusal.lane, refusal.seq, store_.quarantine(note)});
}

void DirectBacklog::fetch_replay(const relay::ReplayFetch& request) {
  auto reply = relay::answer_replay(store_, request);
  if (!reply) return put_off(reply.error(), [this, request] { fetch_replay(request); });
  mailbox_.put(std::move(*reply));
}

void DirectBacklog::settle_requeued(relay::Settlement event) {
  store_.settle_requeued({event.lane, event.seq});
}

void DirectBacklog::refuse_requeued(relay::Refusal refusal) {
  store_.refuse_requeued({refusal.lane, refusal.seq, refusal.reason, refusal.detail, clock_.wall().utc});
}

void DirectBacklog::release() { store_.release_pins(); }

void DirectBacklog::claim(const store::ShareClaim& claim) {
  auto grant = store_.claim_shares(claim);
  mailbox_.put(grant ? std::optional(std::move(*grant)) : std::nullopt);
}

void DirectBacklog::put_off(const Error& error, std::function<void()> ask) {
  trouble_ = error.text();
  unanswered_.push_back(std::move(ask));
}

void DirectBacklog::retry() {
  for (const auto& ask : std::exchange(unanswered_, {})) ask();
}

}  // namespace holdfast::prove
