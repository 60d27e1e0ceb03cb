// SPDX-License-Identifier: MIT
// Encodes and decodes a SenML pack: needs the library and the CBOR library behind it, and no platform.
#include <cstdio>

#include <holdfast/senml.hpp>

int main() {
  holdfast::senml::Record record;
  record.name = "temperature";
  record.unit = "Cel";
  record.value = 21.5;
  const holdfast::senml::Pack pack{record};

  const auto bytes = holdfast::senml::encode(pack);
  if (!bytes) {
    std::puts(bytes.error().text().c_str());
    return 1;
  }
  const auto decoded = holdfast::senml::decode(*bytes);
  return decoded && *decoded == pack ? 0 : 1;
}
