// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "program/quarantine_report.hpp"

namespace holdfast::program {

enum class QuarantineDeed : std::uint8_t { list, requeue, discard };

/// `holdfast quarantine list|requeue|discard`.
struct QuarantineOptions {
  QuarantineDeed deed = QuarantineDeed::list;
  std::string store;
  std::string lane;  ///< list: empty for all
  SeqSpan seqs;
  bool json = false;  ///< list
};

/// Returns the exit code.
int run_quarantine(const QuarantineOptions& options);

}  // namespace holdfast::program
