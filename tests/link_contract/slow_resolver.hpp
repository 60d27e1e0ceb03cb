// SPDX-License-Identifier: MIT
#pragma once

namespace holdfast::link_contract {

/// The resolver of this test program while it lives. It has the answers to three names; other questions go to the
/// system's.
///   slow.test  127.0.0.1, but not before release()
///   two.test   127.0.0.9, where nobody listens, and 127.0.0.1
///   none.test  no such name
class SlowResolver {
 public:
  SlowResolver();
  ~SlowResolver();  ///< releases, and waits until nobody is inside
  SlowResolver(const SlowResolver&) = delete;
  SlowResolver& operator=(const SlowResolver&) = delete;

  void release();
  /// How often slow.test was asked for, and how often the answer was given.
  [[nodiscard]] int asked() const;
  [[nodiscard]] int answered() const;
};

}  // namespace holdfast::link_contract
