# SPDX-License-Identifier: MIT
# Holdfast::paho_c: Debian's static libpaho-mqtt3as.a with the linker options that put our shims in
# (platform/linux/paho_shims.cpp). Read by this project's build and, installed, by find_package(Holdfast).
#
# `--wrap=f` turns every reference to f into __wrap_f, and __real_f into f. Inside an object file that defines f the
# compiler has bound the calls already, so each f has to be called from another object of the archive: checked below.

set(HOLDFAST_PAHO_SHIMS
    MQTTProtocol_startPublish MQTTAsync_NULLPublishCommands MQTTProtocol_connect MQTTProtocol_handlePublishes
    MQTTPacket_send_connect MQTTPacket_send_puback Socket_getReadySocket Socket_noPendingWrites SSLSocket_connect
    SSLSocket_getch SSLSocket_setSocketForSSL Thread_signal_cond Thread_wait_cond
    mymalloc myrealloc myfree StackTrace_entry StackTrace_exit Log)
set(HOLDFAST_PAHO_SYSTEM_SHIMS getenv getaddrinfo connect ERR_get_error)

function(holdfast_check_paho archive)
  # Not --defined-only and the like: the nm of any toolchain does, and it reads the archives of every architecture.
  execute_process(COMMAND ${CMAKE_NM} ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "Holdfast: ${CMAKE_NM} cannot read ${archive}")
  endif()
  foreach(name IN LISTS HOLDFAST_PAHO_SHIMS HOLDFAST_PAHO_SYSTEM_SHIMS)
    if(NOT symbols MATCHES " U ${name}\n")
      message(FATAL_ERROR "Holdfast: in ${archive} no object refers to ${name} of another one, so --wrap=${name} would "
                          "change nothing. The hardened link fits Paho MQTT C 1.3.12 as Debian 12 builds it; with "
                          "another one configure with -D HOLDFAST_LINK=paho_cpp.")
    endif()
  endforeach()
  foreach(name IN LISTS HOLDFAST_PAHO_SHIMS)
    if(NOT symbols MATCHES " T ${name}\n")
      message(FATAL_ERROR "Holdfast: ${archive} has no ${name}; see -D HOLDFAST_LINK=paho_cpp")
    endif()
  endforeach()
endfunction()

if(NOT TARGET Holdfast::paho_c)
  include(CMakeFindDependencyMacro)
  find_package(OpenSSL 3 REQUIRED)
  find_package(Threads REQUIRED)
  find_library(HOLDFAST_PAHO_C_ARCHIVE libpaho-mqtt3as.a)
  find_path(HOLDFAST_PAHO_C_INCLUDE MQTTAsync.h)
  mark_as_advanced(HOLDFAST_PAHO_C_ARCHIVE HOLDFAST_PAHO_C_INCLUDE)
  if(NOT HOLDFAST_PAHO_C_ARCHIVE OR NOT HOLDFAST_PAHO_C_INCLUDE)
    message(FATAL_ERROR "Holdfast needs libpaho-mqtt3as.a and MQTTAsync.h (Debian: libpaho-mqtt-dev)")
  endif()
  holdfast_check_paho(${HOLDFAST_PAHO_C_ARCHIVE})
  add_library(Holdfast::paho_c STATIC IMPORTED GLOBAL)
  set_target_properties(Holdfast::paho_c PROPERTIES IMPORTED_LOCATION ${HOLDFAST_PAHO_C_ARCHIVE}
                                                    INTERFACE_INCLUDE_DIRECTORIES ${HOLDFAST_PAHO_C_INCLUDE})
  list(TRANSFORM HOLDFAST_PAHO_SHIMS PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE holdfast_paho_wraps)
  list(TRANSFORM HOLDFAST_PAHO_SYSTEM_SHIMS PREPEND "LINKER:--wrap=" OUTPUT_VARIABLE holdfast_paho_system_wraps)
  # --undefined: the shims are taken in even when nothing needs the link, because every static library of the program
  # calls getenv through them now. --exclude-libs: a shared object that takes Holdfast in does not offer Paho to others.
  target_link_options(Holdfast::paho_c INTERFACE ${holdfast_paho_wraps} ${holdfast_paho_system_wraps}
                      LINKER:--undefined=__wrap_getenv LINKER:--exclude-libs,libpaho-mqtt3as.a)
  target_link_libraries(Holdfast::paho_c INTERFACE OpenSSL::SSL OpenSSL::Crypto Threads::Threads ${CMAKE_DL_LIBS})
endif()
