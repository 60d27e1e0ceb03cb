# SPDX-License-Identifier: MIT
# The parts of `holdfast bench store`. They measure the store from inside, so they see private headers.
set(parts counting_vfs figure heap outbox_load raw_log report scale speed store_load wear workplace)
list(TRANSFORM parts PREPEND bench/)
list(TRANSFORM parts APPEND .cpp)
add_library(holdfast_bench STATIC bench.cpp ${parts})
holdfast_target(holdfast_bench)
target_include_directories(holdfast_bench PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                          PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(holdfast_bench PUBLIC holdfast_program PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
