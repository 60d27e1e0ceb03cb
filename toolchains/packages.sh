# SPDX-License-Identifier: MIT
# The one list of Debian 12 packages; sourced by toolchains/bootstrap and toolchains/sysroot.
# shellcheck shell=bash disable=SC2034

# Linked or included, natively and in the sysroots. libpaho-mqttpp-dev forgets the two that follow it.
holdfast_libraries=(
  libsqlite3-dev
  libpaho-mqttpp-dev libpaho-mqtt-dev libssl-dev
  libcbor-dev
  libexpected-dev
  libfmt-dev
  libcli11-dev
  nlohmann-json3-dev
  libgtest-dev libgmock-dev
  librapidcheck-dev
  libbenchmark-dev
)

# Builds, checks and tests on this machine. The Python modules are for the example device and the tests.
holdfast_tools=(
  ca-certificates cmake g++ git ninja-build pkg-config
  clang-format clang-tidy
  clang-14 libclang-rt-14-dev
  mosquitto mosquitto-clients
  e2fsprogs mount nftables
  python3 python3-cbor2 python3-paho-mqtt
)

# Builds for ARM boards and runs what was built.
holdfast_cross=(
  debian-archive-keyring
  g++-aarch64-linux-gnu g++-arm-linux-gnueabihf
  qemu-user-static
)
