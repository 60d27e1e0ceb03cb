// SPDX-License-Identifier: MIT
#include "runtime/store_backlog.hpp"

#include "relay/answer_replay.hpp"

namespace holdfast::runtime {

using store::Store;

void StoreBacklog::fetch(const relay::FetchRequest& request) {
  store_.post([this, request](Store& store) { serve_fetch(store, request); });
}

void StoreBacklog::fetch_control() {
  store_.post([this](Store& store) { serve_control(store); });
}

void StoreBacklog::settle(std::vector<relay::Settlement> settled) {
  store_.post([settled = std::move(settled)](Store& store) {
    for (const relay::Settlement& event : settled) store.settle(event.lane, event.seq);
  });
}

void StoreBacklog::settle_control(std::int64_t row, bool is_gap) {
  store_.post([=](Store& store) { store.settle_control(row, is_gap); });
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
  store_.post([](Store& store) { store.release_pins(); });
}

void StoreBacklog::serve_fetch(Store& store, const relay::FetchRequest& request) {
  auto fetched = store.fetch(request.lane, request.after_seq, request.events_max, request.bytes_max);
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

void StoreBacklog::serve_control(Store& store) {
  auto records = store.control_records();
  if (!records) {
    store_.post_at(clock_.now() + kRetryPause, [this](Store& again) { serve_control(again); });
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
  mailbox_.put(relay::RefusalReply{refusal.lane, refusal.seq, store.quarantine(note)});
}

}  // namespace holdfast::runtime
