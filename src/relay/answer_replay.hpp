// SPDX-License-Identifier: MIT
#pragma once

#include "relay/backlog.hpp"
#include "store/store.hpp"

namespace holdfast::relay {

/// What a store answers to a ReplayFetch: the one way for all who stand between store and relay.
[[nodiscard]] inline Result<ReplayReply> answer_replay(store::Store& store, const ReplayFetch& request) {
  if (request.question) {
    return store.replay(*request.question).map([](store::ReplayPage page) {
      return ReplayReply{
          std::move(page.events), std::move(page.gone), std::move(page.epoch), page.end_seq, {}, page.more};
    });
  }
  return store.requeued(request.after).map([](store::Session::Requeued page) {
    return ReplayReply{std::move(page.events), {}, {}, 0, page.end, page.more};
  });
}

}  // namespace holdfast::relay
