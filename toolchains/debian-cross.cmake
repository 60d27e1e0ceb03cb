# SPDX-License-Identifier: MIT
# The common part of the toolchain files beside it: Debian's cross compiler, a sysroot of Debian packages, qemu-user.
# They set HOLDFAST_ARCH (Debian's word), holdfast_triple and holdfast_qemu.
set(CMAKE_SYSTEM_NAME Linux)

# CMake reads this file again for each try_compile, without the cache.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HOLDFAST_SYSROOT)
if(NOT HOLDFAST_SYSROOT)
  get_filename_component(HOLDFAST_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${HOLDFAST_ARCH} ABSOLUTE)
endif()
set(HOLDFAST_SYSROOT ${HOLDFAST_SYSROOT} CACHE PATH "Headers and libraries of the target")
if(NOT EXISTS ${HOLDFAST_SYSROOT}/usr/include)
  message(FATAL_ERROR "No sysroot in ${HOLDFAST_SYSROOT}: run toolchains/sysroot ${HOLDFAST_ARCH}")
endif()

set(CMAKE_C_COMPILER ${holdfast_triple}-gcc)
set(CMAKE_CXX_COMPILER ${holdfast_triple}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${holdfast_triple})
set(CMAKE_SYSROOT ${HOLDFAST_SYSROOT})

# Programs are the host's, everything else is the target's and nothing falls back.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${HOLDFAST_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${HOLDFAST_SYSROOT}/usr/lib/${holdfast_triple}/pkgconfig:${HOLDFAST_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")

# ctest runs the tests through this. Not through binfmt_misc: that is a setting of the whole machine.
set(CMAKE_CROSSCOMPILING_EMULATOR ${holdfast_qemu};-L;${HOLDFAST_SYSROOT})
