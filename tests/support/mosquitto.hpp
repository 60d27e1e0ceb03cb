// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::test_support {

struct MosquittoOptions {
  bool persistence = false;  ///< sessions survive kill(): saved at each change
  std::string acl = {};      ///< text of an ACL file; empty: everybody may do everything
  std::vector<std::pair<std::string, std::string>> users = {};  ///< name, password; empty: anonymous
  std::optional<int> max_inflight = {};  ///< the Receive Maximum it grants; its default is 20
  std::optional<int> max_packet_bytes = {};
  std::optional<int> max_keepalive_s = {};  ///< becomes the Server Keep Alive
  bool tls = false;                         ///< with a certificate for `tls_host`, signed by ca_file()
  std::string tls_host = "IP:127.0.0.1";    ///< subjectAltName
  int tls_days = 2;                         ///< how long it is valid; below 0: it has expired
  bool nagle = false;                       ///< Mosquitto's default is true
  std::string extra = {};                   ///< further lines of the configuration
};

/// A port of 127.0.0.1 that nobody else gets, not even as the near end of a connection, while its broker is down. A program
/// that sets SO_REUSEADDR, as Mosquitto does, can listen on it.
class ReservedPort {
 public:
  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
  int socket_ = -1;  // bound, and never listening
  std::uint16_t number_ = 0;
};

/// A private Mosquitto on a port of 127.0.0.1. It accepts connections when the constructor returns.
class Mosquitto {
 public:
  explicit Mosquitto(const MosquittoOptions& options = {});
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string ca_file() const { return dir_ / "ca.pem"; }
  [[nodiscard]] std::string log() const { return read_file(dir_ / "log"); }

  /// Makes NAME.pem and NAME.key, signed by ca_file() as it is now, for a client or for another broker.
  void make_certificate(const std::string& name, const std::string& host, int days) const;
  /// Makes ca_file() and the broker's own certificate anew; for after the next start().
  void renew_certificates() const;
  /// A file in the broker's directory.
  [[nodiscard]] std::string file(const std::string& name) const { return dir_ / name; }

  void kill();                                  ///< SIGKILL
  void start();                                 ///< again, on the same port
  void set_acl(const std::string& acl);         ///< with MosquittoOptions::acl; connections stay
  void freeze() { process_->signal(SIGSTOP); }  ///< connections stay open, nothing is answered
  void thaw() { process_->signal(SIGCONT); }

 private:
  void write_config(const MosquittoOptions& options);
  /// False when it ended instead.
  [[nodiscard]] bool try_start();

  TempDir dir_;
  ReservedPort port_;
  bool tls_ = false;
  std::string tls_host_;
  int tls_days_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::test_support
