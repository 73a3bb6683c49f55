# The library as other projects use it: headers, static libraries, find_package(mqtk) and pkg-config.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mqtk)
set(layers base codec session net client broker)

foreach(layer ${layers})
  install(DIRECTORY lib/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mqtk COMPONENT library
          FILES_MATCHING PATTERN "*.hpp" PATTERN "describe" EXCLUDE PATTERN "append_format.hpp" EXCLUDE)
  set_target_properties(mqtk_${layer} PROPERTIES EXPORT_NAME ${layer})
  list(APPEND layer_targets mqtk_${layer})
endforeach()
install(TARGETS mqtk_settings mqtk_fmt ${layer_targets} EXPORT mqtk-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT mqtk-targets NAMESPACE mqtk:: DESTINATION ${package_dir} COMPONENT library)

configure_package_config_file(.ci/mqtk-config.cmake.in mqtk-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(mqtk-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/mqtk-config.cmake ${CMAKE_BINARY_DIR}/mqtk-config-version.cmake
        DESTINATION ${package_dir} COMPONENT library)

# Static libraries name what they need themselves, in the order in which a linker wants it.
set(pkg_config_libraries "-lmqtk_client -lmqtk_broker -lmqtk_session -lmqtk_codec -lmqtk_net -lmqtk_base")
get_target_property(fmt_type mqtk_fmt TYPE)
string(APPEND pkg_config_libraries "$<IF:$<STREQUAL:${fmt_type},STATIC_LIBRARY>, -lmqtk_fmt, -lfmt> -lresolv -pthread")
if(MQTK_LATE_OPENSSL)
  string(APPEND pkg_config_libraries " -ldl")
else()
  string(APPEND pkg_config_libraries " -lssl -lcrypto")
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmqtk-dev COMPONENT library RENAME copyright)

file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(.ci/mqtk.pc.in mqtk.pc.configured @ONLY)
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/mqtk.pc INPUT ${CMAKE_CURRENT_BINARY_DIR}/mqtk.pc.configured)
install(FILES ${CMAKE_BINARY_DIR}/mqtk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
