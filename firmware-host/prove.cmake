# SPDX-License-Identifier: MIT
# The parts of `holdfast prove crash`. They drive the store from inside, so they see private headers.
set(parts crash_backup crash_command crash_consumer crash_drain crash_explorer crash_images crash_media crash_report crash_round crash_sample
          inbox_life ledger observer oracle rig thread_memory workload worn_observer worn_oracle)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_crash STATIC ${parts})
holdfast_target(holdfast_prove_crash)
target_include_directories(holdfast_prove_crash PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src
                                                       ${PROJECT_SOURCE_DIR}/platform)
target_link_libraries(holdfast_prove_crash PUBLIC holdfast_program holdfast::sim
                                           PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

# The parts of `holdfast prove kill`, as a library because tests look at them one by one, and the device program that is
# killed, found beside holdfast in the build tree.
set(parts kill_command kill_plan kill_receiver kill_report kill_stage kill_verdict)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_kill STATIC ${parts})
holdfast_target(holdfast_prove_kill)
target_include_directories(holdfast_prove_kill PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(holdfast_prove_kill PUBLIC holdfast_demo holdfast_program
                                          PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

add_executable(holdfast_kill_device prove/kill_device.cpp prove/kill_link.cpp prove/kill_plan.cpp prove/naive_device.cpp)
holdfast_target(holdfast_kill_device)
target_link_libraries(holdfast_kill_device PRIVATE holdfast_program)
