// SPDX-License-Identifier: MIT
#include "linux/paho_shims.hpp"

#include <MQTTClient.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

// What each shim mends stands in platform/README.md. The signatures are those of Paho MQTT C 1.3.12; pointers to
// its structures are passed through and never looked into.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
extern pthread_mutex_t* mqttasync_mutex;
extern pthread_mutex_t* socket_mutex;
void MQTTAsync_lock_mutex(pthread_mutex_t* mutex);
void MQTTAsync_unlock_mutex(pthread_mutex_t* mutex);

int __real_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained, void** message);
int __real_MQTTProtocol_connect(const char* address, void* client, int ssl, int websocket, int version,
                                void* connect_properties, void* will_properties, long timeout);
int __real_MQTTProtocol_handlePublishes(void* packet, int socket);
int __real_MQTTPacket_send_puback(int version, int msgid, void* net, const char* client_id);
int __real_Socket_noPendingWrites(int socket);
char* __real_getenv(const char* name);
int __real_connect(int socket, const sockaddr* address, socklen_t size);
int __real_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result);
using TlsErrorCallback = int (*)(const char* text, std::size_t size, void* context);
int __real_SSLSocket_connect(void* ssl, int socket, const char* host, int verify, TlsErrorCallback callback,
                             void* context);
int __real_Socket_getReadySocket(int more_work, int timeout_ms, pthread_mutex_t* mutex, int* rc);
int __real_SSLSocket_getch(void* ssl, int socket, char* c);
int __real_SSLSocket_setSocketForSSL(void* net, MQTTClient_SSLOptions* options, const char* host,
                                     std::size_t host_size);
int __real_MQTTPacket_send_connect(void* client, int version, void* connect_properties,
                                   void* will_properties);
unsigned long __real_ERR_get_error();

// OpenSSL 3; declared here because its headers would be the only third party's beside Paho's.
int SSL_set_ex_data(void* ssl, int index, void* data);
void* SSL_get_ex_data(const void* ssl, int index);
long SSL_get_verify_result(const void* ssl);
int SSL_is_init_finished(const void* ssl);
int SSL_read(void* ssl, void* to, int size);
const char* X509_verify_cert_error_string(long code);
void ERR_clear_error();
unsigned long ERR_peek_last_error();
const char* ERR_reason_error_string(unsigned long code);
}

namespace holdfast::platform::linux_detail::paho_shims {
namespace {

// Paho 1.3.12: TCPSOCKET_COMPLETE, SOCKET_ERROR, TCPSOCKET_INTERRUPTED, SSL_FATAL; index 0 of an SSL's data is the
// application's.
constexpr int kComplete = 0;
constexpr int kSocketError = -1;
constexpr int kInterrupted = -22;
constexpr int kTlsFatal = -3;
constexpr int kAppData = 0;
constexpr int kPauseMs = 2;
constexpr int kSharedWaitMs = 50;  // of the receiving thread, when it serves several links
std::atomic<int> links{0};

// TCP would hold its acknowledgement back for the next publish to carry. A broker with Nagle's algorithm (Mosquitto unless
// told otherwise) then holds back its next PUBACK until that one, so at a steady rate every PUBACK is one publish late.
// The kernel goes back to holding back by itself, so it is asked at each read.
void acknowledge_at_once(int socket) noexcept {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

Hooks hooks;
std::atomic<unsigned long> publishes{0};
thread_local bool connecting = false;     // inside MQTTProtocol_connect
thread_local int receiving_on = -1;       // the socket, inside MQTTProtocol_handlePublishes
thread_local bool reading_files = false;  // inside SSLSocket_setSocketForSSL
thread_local unsigned long file_trouble = 0;
thread_local void* just_secured = nullptr;  // the handshake that ended last, until its CONNECT is sent

/// Paho's one condition variable: its send thread is to look at the commands.
struct Bell {
  std::mutex mutex;
  std::condition_variable rung;
  bool pending = false;
};

Bell& bell() {
  static auto& only = *new Bell;  // never destroyed: Paho's thread may wait in it at the end of the process
  return only;
}

void tell_openssl_error(void* context, unsigned long code, const char* otherwise) noexcept {
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (reason == nullptr) reason = otherwise;
  if (reason != nullptr && context != nullptr) hooks.tls_trouble(context, reason);
}

void tell_tls_trouble(void* ssl, void* context, int rc) noexcept {
  if (const long verified = SSL_get_verify_result(ssl); verified != 0) {
    std::array<char, 160> text{"certificate verify failed: "};
    const std::size_t used = std::strlen(text.data());
    std::strncpy(text.data() + used, X509_verify_cert_error_string(verified), text.size() - used - 1);
    return hooks.tls_trouble(context, text.data());
  }
  // The handshake is done and Paho does not go on: it has compared the names.
  if (rc == kTlsFatal && SSL_is_init_finished(ssl) != 0)
    return hooks.tls_trouble(context, "certificate verify failed: it is for another host name");
  tell_openssl_error(context, ERR_peek_last_error(), "the broker broke off the handshake");
}

}  // namespace

void install(const Hooks& the_hooks) noexcept { hooks = the_hooks; }
void count_links(int change) noexcept { links += change; }

int socket_of_message() noexcept { return receiving_on; }

unsigned long publishes_seen() noexcept { return publishes; }

PahoLock::PahoLock() noexcept { MQTTAsync_lock_mutex(mqttasync_mutex); }
PahoLock::~PahoLock() { MQTTAsync_unlock_mutex(mqttasync_mutex); }

Sent send_puback(const Puback& puback) noexcept {
  MQTTAsync_lock_mutex(socket_mutex);
  const bool free = __real_Socket_noPendingWrites(puback.socket) != 0;
  MQTTAsync_unlock_mutex(socket_mutex);
  if (!free) return Sent::later;
  const int rc = __real_MQTTPacket_send_puback(puback.version, puback.msgid, puback.net, puback.client_id);
  return rc == kComplete || rc == kInterrupted ? Sent::yes : Sent::no;
}

}  // namespace holdfast::platform::linux_detail::paho_shims

namespace shims = holdfast::platform::linux_detail::paho_shims;

extern "C" {

/// Upstream 1621: on a failed write Paho frees topic and payload here and again with the message in flight.
/// As an unfinished write the message stays in flight once, and the receive thread sees the end of the connection.
int __wrap_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained, void** message) {
  ++shims::publishes;
  const int rc = __real_MQTTProtocol_startPublish(client, publish, qos, retained, message);
  return qos > 0 && rc == shims::kSocketError ? shims::kInterrupted : rc;
}

/// Upstream 1474: this forgets topic and payload of queued publishes before they are freed.
void __wrap_MQTTAsync_NULLPublishCommands(void* /*client*/) {}

int __wrap_MQTTProtocol_connect(const char* address, void* client, int ssl, int websocket, int version,
                                void* connect_properties, void* will_properties, long timeout) {
  shims::connecting = true;
  const int rc = __real_MQTTProtocol_connect(address, client, ssl, websocket, version, connect_properties,
                                             will_properties, timeout);
  shims::connecting = false;
  return rc;
}

/// Upstream 1344: plain MQTT is sent through a web proxy. Everybody else in the program still sees the variables.
char* __wrap_getenv(const char* name) {
  if (shims::connecting && (std::strcmp(name, "http_proxy") == 0 || std::strcmp(name, "https_proxy") == 0))
    return nullptr;
  return __real_getenv(name);
}

/// Paho resolves under its mutex, however long that takes. Here it gets what the connection has found out before.
int __wrap_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  if (!shims::connecting || node == nullptr || hints == nullptr)
    return __real_getaddrinfo(node, service, hints, result);
  std::array<char, 64> numeric{};
  addrinfo strict = *hints;
  strict.ai_flags = AI_NUMERICHOST;
  const bool known = shims::hooks.address_of(node, numeric.data(), numeric.size());
  return __real_getaddrinfo(known ? numeric.data() : node, service, &strict, result);
}

/// Nagle's algorithm would hold back a PUBACK until the broker's kernel has confirmed the one before, 40 ms later.
int __wrap_connect(int socket, const sockaddr* address, socklen_t size) {
  if (shims::connecting) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return __real_connect(socket, address, size);
}

int __wrap_MQTTProtocol_handlePublishes(void* packet, int socket) {
  shims::receiving_on = socket;
  const int rc = __real_MQTTProtocol_handlePublishes(packet, socket);
  shims::receiving_on = -1;
  return rc;
}

/// A receiver that is slower than the broker: the rest stays in the network until there is room, and the other sockets
/// go on. (A broker should keep to Receive Maximum; Mosquitto 2.0.11 does not.)
int __wrap_Socket_getReadySocket(int more_work, int timeout_ms, pthread_mutex_t* mutex, int* rc) {
  if (shims::links > 1) timeout_ms = std::min(timeout_ms, shims::kSharedWaitMs);
  int passed_over = 0;
  for (int waited_ms = 0; waited_ms <= timeout_ms;) {
    const int socket = __real_Socket_getReadySocket(more_work, timeout_ms, mutex, rc);
    if (socket > 0) shims::acknowledge_at_once(socket);
    if (socket <= 0 || *rc != 0 || !shims::hooks.paused(socket)) return socket;
    if (++passed_over == 1) continue;  // another one may be ready too
    std::this_thread::sleep_for(std::chrono::milliseconds(shims::kPauseMs));
    waited_ms += shims::kPauseMs;
  }
  return 0;
}

/// While a message is handed over nothing is written, so Paho need not queue the PUBACK behind a half-written packet.
int __wrap_Socket_noPendingWrites(int socket) {
  return shims::receiving_on >= 0 ? 1 : __real_Socket_noPendingWrites(socket);
}

/// The PUBACK waits for the receiver's verdict; send_puback() sends it.
int __wrap_MQTTPacket_send_puback(int version, int msgid, void* net, const char* client_id) {
  if (shims::receiving_on >= 0)
    shims::hooks.puback_due({shims::receiving_on, version, msgid, net, client_id});
  return shims::kComplete;
}

int __wrap_SSLSocket_connect(void* ssl, int socket, const char* host, int verify,
                             TlsErrorCallback /*it would empty OpenSSL's queue*/, void* context) {
  SSL_set_ex_data(ssl, shims::kAppData, context);
  const int rc = __real_SSLSocket_connect(ssl, socket, host, verify, nullptr, nullptr);
  shims::just_secured = rc == 1 ? ssl : nullptr;
  if (rc != 1 && rc != shims::kInterrupted) shims::tell_tls_trouble(ssl, context, rc);
  return rc;
}

/// A broker of TLS 1.3 refuses the client's certificate when the handshake is over on this side.
int __wrap_SSLSocket_getch(void* ssl, int socket, char* c) {
  const int rc = __real_SSLSocket_getch(ssl, socket, c);
  if (rc >= 0 || rc == shims::kInterrupted || ssl == nullptr) return rc;
  shims::tell_openssl_error(SSL_get_ex_data(ssl, shims::kAppData), ERR_peek_last_error(), nullptr);
  return rc;
}

/// And when that closes the connection before CONNECT is sent, the alert is still there to be read.
int __wrap_MQTTPacket_send_connect(void* client, int version, void* connect_properties,
                                   void* will_properties) {
  const int rc = __real_MQTTPacket_send_connect(client, version, connect_properties, will_properties);
  if (void* ssl = std::exchange(shims::just_secured, nullptr); ssl != nullptr && rc == shims::kSocketError) {
    char ignored = 0;
    ERR_clear_error();
    SSL_read(ssl, &ignored, 1);
    shims::tell_openssl_error(SSL_get_ex_data(ssl, shims::kAppData), ERR_peek_last_error(), nullptr);
  }
  return rc;
}

/// Paho takes the first error, which tells most, from OpenSSL's queue and drops it.
unsigned long __wrap_ERR_get_error() {
  const unsigned long code = __real_ERR_get_error();
  if (shims::reading_files && shims::file_trouble == 0) shims::file_trouble = code;
  return code;
}

int __wrap_SSLSocket_setSocketForSSL(void* net, MQTTClient_SSLOptions* options, const char* host,
                                     std::size_t host_size) {
  shims::reading_files = true;
  shims::file_trouble = 0;
  ERR_clear_error();
  const int rc = __real_SSLSocket_setSocketForSSL(net, options, host, host_size);
  shims::reading_files = false;
  if (shims::file_trouble != 0)
    shims::tell_openssl_error(options->ssl_error_context, shims::file_trouble, nullptr);
  return rc;
}

/// Upstream 1039: a ring between "nothing to do" and the wait is lost, and the publish waits for a second. This bell
/// remembers it; and its waits are not stretched by a step of the wall clock.
int __wrap_Thread_signal_cond(void* /*condition: there is one*/) {
  shims::Bell& bell = shims::bell();
  const std::lock_guard lock(bell.mutex);
  bell.pending = true;
  bell.rung.notify_one();
  return 0;
}

int __wrap_Thread_wait_cond(void* /*condition*/, int timeout_ms) {
  shims::Bell& bell = shims::bell();
  std::unique_lock lock(bell.mutex);
  const bool rung =
      bell.rung.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return bell.pending; });
  bell.pending = false;
  return rung ? 0 : ETIMEDOUT;
}

// Debian builds Paho 1.3.12 with a heap of its own (every block in a tree under one global mutex), a trace of every
// function call and a log of every packet. A publish with ten user properties takes some 60 blocks, and three threads
// queue for that mutex. Here the blocks are the C library's, and nobody traces: a double free is then found by the
// allocator or AddressSanitizer instead of being hidden, which is what MQTTProtocol_startPublish's shim relies on.
/// Paho counts on zeroed blocks: upstream 1543 reads properties that a short CONNACK does not have.
void* __wrap_mymalloc(const char* /*file*/, int /*line*/, std::size_t size) { return std::calloc(1, size); }
void* __wrap_myrealloc(const char* /*file*/, int /*line*/, void* block, std::size_t size) {
  return std::realloc(block, size);
}
void __wrap_myfree(const char* /*file*/, int /*line*/, void* block) { std::free(block); }

void __wrap_StackTrace_entry(const char* /*name*/, int /*line*/, int /*level*/) {}
void __wrap_StackTrace_exit(const char* /*name*/, int /*line*/, void* /*result*/, int /*level*/) {}
void __wrap_Log(int /*level*/, int /*number*/, const char* /*format*/, ...) {}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
