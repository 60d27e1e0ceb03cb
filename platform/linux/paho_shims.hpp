// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// The doors that the linker opens in Debian's libpaho-mqtt3as.a (`--wrap`, toolchains/HoldfastPaho.cmake).
/// platform/README.md has the table of what each one mends. A program that links holdfast::linux without
/// the options does not link at all: the real functions are found by no other name.
namespace holdfast::platform::linux_detail::paho_shims {

/// The PUBACK that Paho was about to send for the message that it has just handed over.
struct Puback {
  int socket = -1;
  int version = 0;
  int msgid = 0;  ///< 0: none is due (QoS 0)
  void* net = nullptr;
  const char* client_id = nullptr;
};

enum class Sent { yes, no, later };  ///< `later`: another packet is half written

/// Paho's mutex, the one under which all callbacks run. Never from a callback.
class PahoLock {
 public:
  PahoLock() noexcept;
  ~PahoLock();
  PahoLock(const PahoLock&) = delete;
  PahoLock& operator=(const PahoLock&) = delete;
};

/// Only under a PahoLock, and only while the connection it came from is up.
[[nodiscard]] Sent send_puback(const Puback& puback) noexcept;

/// What the shims ask of the link. All are called on Paho's threads, under its mutex unless it says otherwise.
struct Hooks {
  /// Paho wants to acknowledge what the last message callback on this thread was given.
  void (*puback_due)(const Puback& puback) noexcept = nullptr;
  /// The numeric address of a broker's host, into `text` (at least 64 bytes); false: none is known.
  bool (*address_of)(const char* host, char* text, std::size_t size) noexcept = nullptr;
  /// Nothing is to be read from this socket for now. Called without Paho's mutex.
  bool (*paused)(int socket) noexcept = nullptr;
  /// `context` is the ssl_error_context of the connection.
  void (*tls_trouble)(void* context, const char* text) noexcept = nullptr;
};

/// Once, before the first connection.
void install(const Hooks& hooks) noexcept;

/// A link was made (+1) or destroyed (-1). With more than one the receiving thread looks more often, since a connection
/// that is being made waits for its next look: up to a second otherwise.
void count_links(int change) noexcept;

/// Inside a message callback: the socket that the message came from.
[[nodiscard]] int socket_of_message() noexcept;

/// How many publishes went through the shim: for the test that it is in.
[[nodiscard]] unsigned long publishes_seen() noexcept;

}  // namespace holdfast::platform::linux_detail::paho_shims
