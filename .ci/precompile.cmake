# One precompiled header of what most files include, used by every target.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompile.cpp CONTENT "// Only its header counts.\n")
add_library(mqtk_precompiled STATIC ${CMAKE_BINARY_DIR}/precompile.cpp)
target_link_libraries(mqtk_precompiled PRIVATE mqtk_settings mqtk_fmt)
target_precompile_headers(mqtk_precompiled PRIVATE
  <algorithm> <array> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <optional> <span> <string>
  <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

function(mqtk_precompile directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type MATCHES "^(STATIC_LIBRARY|OBJECT_LIBRARY|EXECUTABLE)$" AND NOT target MATCHES "^mqtk_(precompiled|fmt)$")
      target_precompile_headers(${target} REUSE_FROM mqtk_precompiled)
    endif()
  endforeach()
  get_property(directories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory ${directories})
    mqtk_precompile(${subdirectory})
  endforeach()
endfunction()
mqtk_precompile(${PROJECT_SOURCE_DIR})
# Without the first a compiler cache cannot tell what a file that uses the header depends on. What comes from such a header
# GCC 12 does not take for a system's, and so shows what it wrongly suspects in its own string functions.
target_compile_options(mqtk_settings INTERFACE
  $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>>)
