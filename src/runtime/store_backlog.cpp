// SPDX-License-Identifier: MIT
#include "runtime/store_backlog.hpp"

#include "relay/answer_replay.hpp"

namespace holdfast::runtime {

using store::Store;

void StoreBacklog::fetch(const relay::FetchRequest& request) {
  store_.post([this, request](Store& store) { serve_fetch(store, request); });
}

void StoreBacklog::fetch_control(bool announce) {
  store_.post([this, announce](Store& store) { serve_control(store, announce); });
}

void StoreBacklog::settle(std::vector<relay::Settlement> settled) {
  store_.post([this, settled = std::move(settled)](Store& store) {
    for (const relay::Settlement& event : settled) store.settle(event.lane, event.seq);
    after_settling(store);
  });
}

void StoreBacklog::settle_control(std::int64_t number, bool is_gap) {
  store_.post([=](Store& store) { store.settle_control(number, is_gap); });
}

void StoreBacklog::refuse(relay::Refusal refusal) {
  store_.post([this, refusal = std::move(refusal)](Store& store) { serve_refusal(store, refusal); });
}

void StoreBacklog::fetch_replay(const relay::ReplayFetch& request) {
  store_.post([this, request](Store& store) { serve_replay(store, request); });
}

void StoreBacklog::settle_requeued(relay::Settlement event) {
  store_.post([event](Store& store) { store.settle_requeued({event.lane, event.seq}); });
}

void StoreBacklog::refuse_requeued(relay::Refusal refusal) {
  store_.post([this, refusal = std::move(refusal)](Store& store) {
    store.refuse_requeued({refusal.lane, refusal.seq, refusal.reason, refusal.detail, clock_.wall().utc});
  });
}

void StoreBacklog::release() {
  store_.post([relay = relay_](Store& store) { store.release_pins(relay); });
}

void StoreBacklog::claim(const store::ShareClaim& claim) {
  store_.post([this, claim](Store& store) {
    auto grant = store.claim_shares(claim);
    mailbox_.put(grant ? std::optional(std::move(*grant)) : std::nullopt);
    if (store.take_lease_news()) desk_.shares_moved(relay_);
  });
}

void StoreBacklog::records_through(std::uint64_t news) {
  store_.post([this, news](Store&) {
    if (desk_.records_through(news)) store_.ask_to_look_again();
  });
}

// A relay that had to wait for the cursor is told when it has moved, whoever has moved it.
void StoreBacklog::after_settling(Store& store) {
  if (desk_.anyone_waits() && desk_.may_go_on(store.watermarks())) store_.ask_to_look_again();
}

void StoreBacklog::serve_fetch(Store& store, const relay::FetchRequest& request) {
  if (!request.lease.alone() && !request.lease.held[0] && !desk_.records_open())
    return mailbox_.put(relay::FetchReply{request.lane, request.after_seq, {}, request.after_seq, false});
  auto fetched = store.fetch(request);
  if (fetched && fetched->at_span_end && !request.lease.alone())
    desk_.waits(request.lane, store.watermarks());
  if (!fetched) {
    store_.post_at(clock_.now() + kRetryPause,
                   [this, request](Store& again) { serve_fetch(again, request); });
    return;
  }
  mailbox_.put(relay::FetchReply{request.lane, request.after_seq, std::move(fetched->events),
                                 fetched->end_seq, fetched->more});
}

void StoreBacklog::serve_replay(Store& store, const relay::ReplayFetch& request) {
  auto reply = relay::answer_replay(store, request);
  if (!reply) {
    store_.post_at(clock_.now() + kRetryPause,
                   [this, request](Store& again) { serve_replay(again, request); });
    return;
  }
  mailbox_.put(std::move(*reply));
}

void StoreBacklog::serve_control(Store& store, bool announce) {
  auto records = store.control_records(announce);
  if (!records) {
    store_.post_at(clock_.now() + kRetryPause,
                   [this, announce](Store& again) { serve_control(again, announce); });
    return;
  }
  mailbox_.put(std::move(*records));
}

void StoreBacklog::serve_refusal(Store& store, const relay::Refusal& refusal) {
  const store::RefusalNote note{refusal.lane, refusal.seq, refusal.reason, refusal.detail, clock_.wall().utc};
  if (!refusal.final) {
    store.note_failure(note);
    return;
  }
  const bool may = store.is_current(refusal.lease);
  mailbox_.put(relay::RefusalReply{refusal.lane, refusal.seq, may && store.quarantine(note)});
  after_settling(store);
}

}  // namespace holdfast::runtime
