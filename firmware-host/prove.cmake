# SPDX-License-Identifier: MIT
# The parts of `holdfast prove crash`. They drive the store from inside, so they see private headers.
set(parts crash_backup crash_command crash_consumer crash_drain crash_explorer crash_images crash_media crash_report crash_round crash_sample
          inbox_life ledger observer oracle rig state_name thread_memory workload worn_observer worn_oracle)
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
set(parts kill_command kill_contender kill_plan kill_receiver kill_report kill_stage kill_verdict place stage_kit)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_kill STATIC ${parts})
holdfast_target(holdfast_prove_kill)
target_include_directories(holdfast_prove_kill PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(holdfast_prove_kill PUBLIC holdfast_demo holdfast_program
                                          PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

add_executable(holdfast_kill_device prove/kill_contender.cpp prove/kill_device.cpp prove/kill_link.cpp prove/kill_plan.cpp
                                    prove/naive_device.cpp)
holdfast_target(holdfast_kill_device)
target_link_libraries(holdfast_kill_device PRIVATE holdfast_program)

# The parts of `holdfast prove relays`, and the device program that has several connections.
set(parts relays_command relays_journal relays_link relays_plan relays_report relays_stage relays_verdict)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_relays STATIC ${parts})
holdfast_target(holdfast_prove_relays)
target_include_directories(holdfast_prove_relays PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_prove_relays PUBLIC holdfast_prove_kill
                                            PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

add_executable(holdfast_relays_device prove/relays_device.cpp
                                      prove/relays_journal.cpp prove/relays_link.cpp)
holdfast_target(holdfast_relays_device)
target_link_libraries(holdfast_relays_device PRIVATE holdfast_program)

# The parts of `holdfast prove growth`. They drive the store from inside, as the bench does.
add_library(holdfast_prove_growth STATIC prove/growth_command.cpp prove/growth_control.cpp prove/growth_measure.cpp
                                         prove/growth_report.cpp)
holdfast_target(holdfast_prove_growth)
target_include_directories(holdfast_prove_growth PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_prove_growth PUBLIC holdfast_bench holdfast_program
                                            PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

# The parts of `holdfast simulate`; its world is that of tests/sim too.
set(parts simulate_backend simulate_backlog simulate_board simulate_chart simulate_command simulate_device simulate_hub simulate_ledger
          simulate_page simulate_plan simulate_report simulate_run simulate_story simulate_trouble simulate_world)
list(TRANSFORM parts PREPEND prove/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_simulate STATIC ${parts})
holdfast_target(holdfast_prove_simulate)
target_include_directories(holdfast_prove_simulate PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src
                                                          ${PROJECT_SOURCE_DIR}/platform)
holdfast_embed_page(holdfast_prove_simulate prove/simulate_page.html holdfast::prove kSimulatePageHtml)
target_link_libraries(holdfast_prove_simulate PUBLIC holdfast_demo holdfast_program holdfast_prove_crash holdfast::sim
                                              PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
