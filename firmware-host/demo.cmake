# SPDX-License-Identifier: MIT
# The parts of `holdfast demo`, as a library because tests/live/demo looks at them one by one.

# Its page becomes kDemoPageHtml in "demo_page_html.hpp"; written only when it differs, as with
# holdfast_embed_sql.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS demonstration/page.html)
file(READ demonstration/page.html page)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/demo/demo_page_html.hpp @ONLY CONTENT
     [=[// Generated from demonstration/page.html: edit that.
#pragma once

#include <string_view>

namespace holdfast::demo {

inline constexpr std::string_view kDemoPageHtml = R"html(@page@)html";

}  // namespace holdfast::demo
]=])

set(parts broker chart history narrator pace page plan play process proxy proxy_stream report socket stage status
          tables verdict)
list(TRANSFORM parts PREPEND demonstration/)
list(TRANSFORM parts APPEND .cpp)
find_package(fmt REQUIRED)
add_library(holdfast_demo STATIC demo.cpp ${parts})
holdfast_target(holdfast_demo)
target_include_directories(holdfast_demo PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                         PRIVATE ${PROJECT_BINARY_DIR}/embedded/demo)
target_link_libraries(holdfast_demo PUBLIC holdfast_program PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
