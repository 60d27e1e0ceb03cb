// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <holdfast/options.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/result.hpp>

namespace holdfast::platform::linux_detail {

/// The password for the next connection: `password`, or the first line of `password_file` as it is now.
/// `denied`: the file may not be read; `invalid`: it is not there, or its line is too long. Names the file, never
/// what is in it.
[[nodiscard]] Result<std::string> password_of(const BrokerOptions& broker);

/// Whether the files of a TLS connection can be read now; the same errors. OpenSSL reads them at each connection, and
/// does not tell which of them it could not.
[[nodiscard]] Result<void> check_tls_files(const TlsOptions& tls);

/// The request with the password of now; with `tls`, its files have been looked for. The errors of both.
[[nodiscard]] Result<ConnectRequest> completed(const ConnectRequest& request, bool tls);

}  // namespace holdfast::platform::linux_detail
