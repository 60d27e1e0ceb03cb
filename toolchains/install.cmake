# SPDX-License-Identifier: MIT
# `cmake --install`: the three libraries, their public headers, and the CMake package Holdfast.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Holdfast)

install(TARGETS holdfast EXPORT HoldfastTargets FILE_SET HEADERS FILE_SET platform_interfaces)
install(TARGETS holdfast_linux holdfast_sim EXPORT HoldfastTargets FILE_SET HEADERS)
install(EXPORT HoldfastTargets NAMESPACE holdfast:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/HoldfastConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/HoldfastConfig.cmake INSTALL_DESTINATION ${package_dir}
                              NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/HoldfastConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/HoldfastConfig.cmake ${PROJECT_BINARY_DIR}/HoldfastConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/HoldfastPaho.cmake
        DESTINATION ${package_dir})
