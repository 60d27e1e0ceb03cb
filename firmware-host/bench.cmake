# SPDX-License-Identifier: MIT
# The parts of `holdfast bench`. They measure the store from inside, so they see private headers.
set(parts counting_vfs figure figure_report heap machine outbox_load raw_log relay_figures relay_lab report scale speed
          store_load wear workplace)
list(TRANSFORM parts PREPEND bench/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_bench STATIC bench.cpp bench_relay.cpp ${parts})
holdfast_target(holdfast_bench)
target_include_directories(holdfast_bench PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                          PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_bench PUBLIC holdfast_program nlohmann_json::nlohmann_json
                                     PRIVATE holdfast_demo fmt::fmt)

# What `bench relay` runs: bare Paho C++, and our relay on each link. Found beside holdfast in the build tree.
add_executable(holdfast_bench_raw bench/raw_publisher.cpp)
holdfast_target(holdfast_bench_raw)
target_link_libraries(holdfast_bench_raw PRIVATE paho-mqttpp3 paho-mqtt3as)

foreach(link IN ITEMS paho_c paho_cpp)
  add_executable(holdfast_bench_worker_${link} bench/relay_worker.cpp bench/figure.cpp bench/store_load.cpp
                                               bench/workplace.cpp)
  holdfast_target(holdfast_bench_worker_${link})
  target_include_directories(holdfast_bench_worker_${link} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                                                                   ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(holdfast_bench_worker_${link} PRIVATE holdfast::linux_${link} fmt::fmt
                                                              nlohmann_json::nlohmann_json)
endforeach()
