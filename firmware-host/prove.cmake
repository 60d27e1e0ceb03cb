# SPDX-License-Identifier: MIT
# The parts of `holdfast prove`: what tests look at too. They drive the store from inside, so they see private headers.
set(parts crash_explorer crash_images crash_report inbox_life ledger observer oracle rig thread_memory workload)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove STATIC prove_crash.cpp ${parts})
holdfast_target(holdfast_prove)
target_include_directories(holdfast_prove PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src
                                                 ${PROJECT_SOURCE_DIR}/platform)
target_link_libraries(holdfast_prove PUBLIC holdfast_program holdfast::sim
                                     PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
