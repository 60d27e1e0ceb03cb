# SPDX-License-Identifier: MIT
# 32-bit boards from ARMv7 on: Raspberry Pi 2 and newer, BeagleBone. Debian's armhf, compiler and libraries alike, is
# -march=armv7-a -mfpu=vfpv3-d16 -mfloat-abi=hard. Raspberry Pi 1 and Zero (ARMv6) are not served: they stop with
# SIGILL inside the C library, whatever our own flags say.
set(HOLDFAST_ARCH armhf)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(holdfast_triple arm-linux-gnueabihf)
set(holdfast_qemu qemu-arm-static)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
