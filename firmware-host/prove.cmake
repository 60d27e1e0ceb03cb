# SPDX-License-Identifier: MIT
# The parts of `holdfast prove crash`. They drive the store from inside, so they see private headers.
set(parts backup command consumer drain explorer images inbox_life ledger media observer oracle report rig round sample state_name
          thread_memory workload worn_observer worn_oracle)
list(TRANSFORM parts PREPEND prove/crash/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_crash STATIC ${parts} prove/direct_backlog.cpp)
holdfast_target(holdfast_prove_crash)
target_include_directories(holdfast_prove_crash PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src
                                                       ${PROJECT_SOURCE_DIR}/platform)
target_link_libraries(holdfast_prove_crash PUBLIC holdfast_program holdfast::sim
                                           PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

# The parts of `holdfast prove kill`, as a library because tests look at them one by one, and the device program that is
# killed, found beside holdfast in the build tree.
set(parts command contender plan receiver report stage verdict)
list(TRANSFORM parts PREPEND prove/kill/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_kill STATIC ${parts} prove/place.cpp prove/stage_kit.cpp)
holdfast_target(holdfast_prove_kill)
target_include_directories(holdfast_prove_kill PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(holdfast_prove_kill PUBLIC holdfast_demo holdfast_program
                                          PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

add_executable(holdfast_kill_device prove/kill/contender.cpp prove/kill/device.cpp prove/kill/link.cpp prove/kill/plan.cpp
                                    prove/kill/naive_device.cpp)
holdfast_target(holdfast_kill_device)
target_link_libraries(holdfast_kill_device PRIVATE holdfast_program)

# The parts of `holdfast prove relays`, and the device program that has several connections.
set(parts command journal link plan report stage verdict)
list(TRANSFORM parts PREPEND prove/relays/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_relays STATIC ${parts})
holdfast_target(holdfast_prove_relays)
target_include_directories(holdfast_prove_relays PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_prove_relays PUBLIC holdfast_prove_kill
                                            PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

add_executable(holdfast_relays_device prove/relays/device.cpp
                                      prove/relays/journal.cpp prove/relays/link.cpp)
holdfast_target(holdfast_relays_device)
target_link_libraries(holdfast_relays_device PRIVATE holdfast_program)

# The parts of `holdfast prove growth`. They drive the store from inside, as the bench does.
add_library(holdfast_prove_growth STATIC prove/growth/command.cpp prove/growth/control.cpp prove/growth/measure.cpp
                                         prove/growth/report.cpp)
holdfast_target(holdfast_prove_growth)
target_include_directories(holdfast_prove_growth PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_prove_growth PUBLIC holdfast_bench holdfast_program
                                            PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

# The parts of `holdfast simulate`; its world is that of tests/sim too.
set(parts backend board chart command device hub ledger page plan report run story trouble world)
list(TRANSFORM parts PREPEND prove/simulate/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_prove_simulate STATIC ${parts})
holdfast_target(holdfast_prove_simulate)
target_include_directories(holdfast_prove_simulate PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src
                                                          ${PROJECT_SOURCE_DIR}/platform)
holdfast_embed_page(holdfast_prove_simulate prove/simulate/page.html holdfast::prove kSimulatePageHtml)
target_link_libraries(holdfast_prove_simulate PUBLIC holdfast_demo holdfast_program holdfast_prove_crash holdfast::sim
                                              PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
