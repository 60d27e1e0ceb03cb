# SPDX-License-Identifier: MIT
# 64-bit boards: Raspberry Pi 3, 4, 5 and Zero 2 W with a 64-bit system, and any other ARMv8-A.
set(HOLDFAST_ARCH arm64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(holdfast_triple aarch64-linux-gnu)
set(holdfast_qemu qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
