# SPDX-License-Identifier: MIT
# What every target of this project is compiled with: holdfast_target(TARGET) and nothing global.

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(holdfast_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
                                             CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_definitions(${target} PRIVATE _TIME_BITS=64 _FILE_OFFSET_BITS=64)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
                                           -Wdouble-promotion -Wformat=2 -Wimplicit-fallthrough)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 raises false alarms at -O3: -Wrestrict in "x" + string (PR 105651), -Wnull-dereference in
    # map::extract (so that one is not asked for). -Wpsabi would tell armhf about g++ before 7.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-psabi)
  endif()
  if(HOLDFAST_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(HOLDFAST_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${HOLDFAST_SANITIZE})
  endif()
endfunction()

# holdfast_layer(NAME SOURCES ... DEPENDS ...): one layer of src/ as an object library that becomes part of
# holdfast::holdfast. DEPENDS are third-party libraries of that layer alone.
function(holdfast_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(holdfast_${name} OBJECT ${arg_SOURCES})
  holdfast_target(holdfast_${name})
  target_include_directories(holdfast_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/include
                                                      ${PROJECT_SOURCE_DIR}/platform/include)
  target_link_libraries(holdfast_${name} PRIVATE ${arg_DEPENDS})
endfunction()

# holdfast_embed_sql(TARGET FILE.sql): makes "<folder>/<file>_sql.hpp" includable in TARGET, where <folder> is
# the name of the calling folder: `inline constexpr std::string_view k<File>Sql` in namespace
# holdfast::<folder>. So src/store/schema.sql is holdfast::store::kSchemaSql in "store/schema_sql.hpp".
function(holdfast_embed_sql target file)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  cmake_path(GET file STEM name)
  set(constant k)
  string(REPLACE "_" ";" words ${name})
  foreach(word IN LISTS words)
    string(SUBSTRING ${word} 0 1 initial)
    string(SUBSTRING ${word} 1 -1 rest)
    string(TOUPPER ${initial} initial)
    string(APPEND constant ${initial}${rest})
  endforeach()
  file(READ ${file} sql)
  # Written only when it differs, so that nothing is compiled in vain.
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/${folder}/${name}_sql.hpp @ONLY CONTENT
       [=[// Generated from @file@: edit that.
#pragma once

#include <string_view>

namespace holdfast::@folder@ {

inline constexpr std::string_view @constant@Sql = R"sql(@sql@)sql";

}  // namespace holdfast::@folder@
]=])
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/embedded)
endfunction()
