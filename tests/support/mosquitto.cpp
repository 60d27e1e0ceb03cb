// SPDX-License-Identifier: MIT
#include "support/mosquitto.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <holdfast/check.hpp>

// Paho 1.3.12 loses what was queued in it when a client is destroyed (eclipse-paho/paho.mqtt.c issue 1474). The
// name is LeakSanitizer's, which looks for it from its shared library.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as\n"; }

namespace holdfast::test_support {
namespace {

constexpr int kStartsTried = 5;
constexpr std::chrono::seconds kStartPatience{30};

[[nodiscard]] sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

[[nodiscard]] std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  HOLDFAST_CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.sin_port);
}

[[nodiscard]] bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool accepted = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return accepted;
}

}  // namespace

ReservedPort::ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  const sockaddr_in address = loopback(0);
  HOLDFAST_CHECK(::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  number_ = port_of(socket_);
}

ReservedPort::~ReservedPort() { ::close(socket_); }

Mosquitto::Mosquitto(const MosquittoOptions& options)
    : tls_(options.tls), tls_host_(options.tls_host), tls_days_(options.tls_days) {
  if (tls_) renew_certificates();
  write_config(options);
  start();
}

std::string Mosquitto::url() const {
  return (tls_ ? "mqtts://127.0.0.1:" : "mqtt://127.0.0.1:") + std::to_string(port());
}

void Mosquitto::write_config(const MosquittoOptions& options) {
  std::string config = "listener " + std::to_string(port()) + " 127.0.0.1\n";
  if (!options.nagle) config += "set_tcp_nodelay true\n";
  if (::geteuid() == 0) config += "user root\n";  // else it becomes a user who may not read this directory
  config += "log_type all\nlog_dest file " + (dir_ / "log") + "\n";
  config += options.users.empty() ? "allow_anonymous true\n" : "allow_anonymous false\n";
  if (!options.users.empty()) {
    const std::string file = dir_.write("passwords", "");
    for (const auto& [name, password] : options.users)
      run({find_program("mosquitto_passwd"), "-b", file, name, password});
    config += "password_file " + file + "\n";
  }
  if (!options.acl.empty()) config += "acl_file " + dir_.write("acl", options.acl) + "\n";
  if (options.persistence)
    config += "persistence true\npersistence_location " + dir_.path().string() +
              "/\nautosave_interval 1\nautosave_on_changes true\n";
  if (options.max_inflight) config += "max_inflight_messages " + std::to_string(*options.max_inflight) + "\n";
  if (options.max_packet_bytes)
    config += "max_packet_size " + std::to_string(*options.max_packet_bytes) + "\n";
  if (options.max_keepalive_s) config += "max_keepalive " + std::to_string(*options.max_keepalive_s) + "\n";
  if (tls_)
    config += "cafile " + ca_file() + "\ncertfile " + (dir_ / "server.pem") + "\nkeyfile " +
              (dir_ / "server.key") + "\n";
  dir_.write("conf", config + options.extra);
}

void Mosquitto::renew_certificates() const {
  run({find_program("openssl"), "req", "-x509", "-days", "2", "-subj", "/CN=test ca", "-newkey", "ec",
       "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", dir_ / "ca.key", "-out", ca_file()});
  make_certificate("server", tls_host_, tls_days_);
}

void Mosquitto::make_certificate(const std::string& name, const std::string& host, int days) const {
  const std::string openssl = find_program("openssl");
  run({openssl, "req", "-subj", "/CN=" + name, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
       "-nodes", "-keyout", dir_ / (name + ".key"), "-out", dir_ / (name + ".csr")});
  run({openssl, "x509", "-req", "-days", std::to_string(days), "-in", dir_ / (name + ".csr"), "-CA",
       ca_file(), "-CAkey", dir_ / "ca.key", "-CAcreateserial", "-extfile",
       dir_.write("san", "subjectAltName=" + host + "\n"), "-out", dir_ / (name + ".pem")});
}

bool Mosquitto::try_start() {
  process_ =
      std::make_unique<Process>(std::vector<std::string>{find_program("mosquitto"), "-c", dir_ / "conf"});
  const auto until = std::chrono::steady_clock::now() + kStartPatience;
  while (std::chrono::steady_clock::now() < until && process_->running()) {
    if (accepts(port())) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void Mosquitto::kill() { process_->kill(); }

void Mosquitto::set_acl(const std::string& acl) {
  dir_.write("acl", acl);
  process_->signal(SIGHUP);
}

void Mosquitto::start() {
  // The kernel may keep the port for a moment after a kill.
  for (int attempt = 0; attempt < kStartsTried; ++attempt)
    if (try_start()) return;
  HOLDFAST_CHECK(!"mosquitto does not start");
}

}  // namespace holdfast::test_support
