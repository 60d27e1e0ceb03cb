# SPDX-License-Identifier: MIT
# cmake -D way=find_package|add_subdirectory ... -P consume.cmake: builds consumer/ against Holdfast in that way, from
# nothing, and runs it.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${work})
set(options -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_C_COMPILER=${c_compiler})
if(way STREQUAL "find_package")
  run(${CMAKE_COMMAND} --install ${build} --prefix ${work}/prefix)
  file(GLOB_RECURSE exported ${work}/prefix/lib/*/HoldfastTargets*.cmake)
  if(NOT exported)
    message(FATAL_ERROR "the package was not installed")
  endif()
  # A user of the libraries needs none of these, and no path of the machine that built them.
  foreach(file IN LISTS exported)
    file(READ ${file} text)
    if(text MATCHES "(fmt::|CLI11|nlohmann)" OR text MATCHES "(${source})")
      message(FATAL_ERROR "${file} mentions ${CMAKE_MATCH_1}")
    endif()
  endforeach()
  list(APPEND options -D CMAKE_PREFIX_PATH=${work}/prefix "-DCMAKE_CXX_FLAGS=${flags}")
else()
  list(APPEND options -D HOLDFAST_SOURCE_DIR=${source} -D CMAKE_CXX_FLAGS=-g0)
endif()

run(${CMAKE_COMMAND} -G Ninja -S ${consumer} -B ${work}/build ${options})
run(${CMAKE_COMMAND} --build ${work}/build --target portable board)
run(${work}/build/portable)
run(${work}/build/board)
