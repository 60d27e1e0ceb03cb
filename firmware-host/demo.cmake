# SPDX-License-Identifier: MIT
# The parts of `holdfast demo`, as a library because tests/live/demo looks at them one by one.

# holdfast_embed_page(TARGET FILE NAMESPACE CONSTANT): a page becomes a constant in "<name of FILE>_html.hpp"; written only
# when it differs, as with holdfast_embed_sql.
function(holdfast_embed_page target file namespace constant)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} page)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/${target}/${name}_html.hpp @ONLY CONTENT
       [=[// Generated from @file@: edit that.
#pragma once

#include <string_view>

namespace @namespace@ {

inline constexpr std::string_view @constant@ = R"html(@page@)html";

}  // namespace @namespace@
]=])
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/embedded/${target})
endfunction()

set(parts broker chart history narrator pace page plan play process proxy proxy_stream report socket stage status
          tables verdict)
list(TRANSFORM parts PREPEND demonstration/)
list(TRANSFORM parts APPEND .cpp)
find_package(fmt REQUIRED)
add_library(holdfast_demo STATIC demo.cpp ${parts})
holdfast_target(holdfast_demo)
target_include_directories(holdfast_demo PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
holdfast_embed_page(holdfast_demo demonstration/page.html holdfast::demo kDemoPageHtml)
target_link_libraries(holdfast_demo PUBLIC holdfast_program PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
