# SPDX-License-Identifier: MIT
# The parts of `holdfast demo`, as a library because tests/live/demo looks at them one by one.

# Its page becomes kDemoPageHtml in "demo_page_html.hpp"; written only when it differs, as with
# holdfast_embed_sql.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS demo_page.html)
file(READ demo_page.html page)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/demo/demo_page_html.hpp @ONLY CONTENT
     [=[// Generated from demo_page.html: edit that.
#pragma once

#include <string_view>

namespace holdfast::demo {

inline constexpr std::string_view kDemoPageHtml = R"html(@page@)html";

}  // namespace holdfast::demo
]=])

find_package(fmt REQUIRED)
add_library(holdfast_demo STATIC
            demo.cpp demo_broker.cpp demo_chart.cpp demo_history.cpp demo_narrator.cpp demo_pace.cpp demo_page.cpp demo_plan.cpp
            demo_play.cpp demo_process.cpp demo_report.cpp demo_stage.cpp demo_status.cpp demo_tables.cpp
            demo_verdict.cpp)
holdfast_target(holdfast_demo)
target_include_directories(holdfast_demo PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                         PRIVATE ${PROJECT_BINARY_DIR}/embedded/demo)
target_link_libraries(holdfast_demo PUBLIC holdfast_program PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
