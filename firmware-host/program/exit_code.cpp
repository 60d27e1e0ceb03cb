// SPDX-License-Identifier: MIT
#include "program/exit_code.hpp"

namespace holdfast::program {

int exit_code(ErrorCode code, Doing doing) noexcept {
  switch (code) {
    case ErrorCode::busy:
    case ErrorCode::outcome_unknown: return kExitTemporary;
    case ErrorCode::unavailable: return kExitUnavailable;
    case ErrorCode::full:
    case ErrorCode::disk_full: return kExitCannotCreate;
    case ErrorCode::too_large:
    case ErrorCode::corrupt: return kExitData;
    case ErrorCode::invalid:
      return doing == Doing::opening || doing == Doing::storing ? kExitData : kExitUsage;
    case ErrorCode::schema_newer: return kExitConfig;
    case ErrorCode::denied: return kExitDenied;
    case ErrorCode::io_error: return kExitIo;
  }
  return kExitSoftware;
}

}  // namespace holdfast::program
