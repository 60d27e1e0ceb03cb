// SPDX-License-Identifier: MIT
#pragma once

/// Which link this test program is built with.
namespace holdfast::link_contract {

#ifdef HOLDFAST_TESTS_PAHO_C
inline constexpr bool kTellsTlsTrouble = true;
#else
inline constexpr bool kTellsTlsTrouble = false;  // the wrapper has no place for it
#endif

}  // namespace holdfast::link_contract
