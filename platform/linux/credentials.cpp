// SPDX-License-Identifier: MIT
#include "linux/credentials.hpp"

#include <unistd.h>

#include <cerrno>

#include "common/link_rules.hpp"
#include "linux/small_file.hpp"

namespace holdfast::platform::linux_detail {
namespace {

[[nodiscard]] Result<void> readable(const char* option, const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return {};
  const bool forbidden = errno == EACCES;
  return fail(forbidden ? ErrorCode::denied : ErrorCode::invalid, "connect",
              std::string(option) + " \"" + path + "\" " +
                  (forbidden ? "may not be read by this user" : "is not there"));
}

}  // namespace

Result<std::string> password_of(const BrokerOptions& broker) {
  if (broker.password_file.empty()) return broker.password;
  if (auto good = readable("password_file", broker.password_file); !good) return tl::unexpected(good.error());
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::invalid, "connect", "password_file \"" + broker.password_file + "\" " + why);
  };
  auto text = read_small_file(broker.password_file, link_rules::kCredentialBytesMax + 2);
  if (!text) return refuse("cannot be read");
  text->resize(std::min(text->find('\n'), text->size()));
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return refuse("has an empty first line");
  if (text->size() > link_rules::kCredentialBytesMax) return refuse("has a first line above 65535 bytes");
  return std::move(*text);
}

Result<void> check_tls_files(const TlsOptions& tls) {
  struct File {
    const char* option;
    const std::string& path;
  };
  for (const File& file :
       {File{"tls.ca_file", tls.ca_file}, File{"tls.certificate_file", tls.certificate_file},
        File{"tls.private_key_file", tls.private_key_file}})
    if (!file.path.empty())
      if (auto good = readable(file.option, file.path); !good) return good;
  return {};
}

Result<ConnectRequest> completed(const ConnectRequest& request, bool tls) {
  auto password = password_of(request.broker);
  if (!password) return tl::unexpected(password.error());
  if (tls) {
    if (auto good = check_tls_files(request.broker.tls); !good) return tl::unexpected(good.error());
  }
  ConnectRequest complete = request;
  complete.broker.password = std::move(*password);
  return complete;
}

}  // namespace holdfast::platform::linux_detail
