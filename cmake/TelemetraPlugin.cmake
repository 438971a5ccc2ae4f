# telemetra_plugin(NAME SOURCES file... [LIBRARIES lib...])
#
# A plugin of this tree: one shared object that links the common static library and nothing of the core.
function(telemetra_plugin NAME)
    cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBRARIES" ${ARGN})
    add_library(plugin_${NAME} MODULE ${PLUGIN_SOURCES})
    target_link_libraries(plugin_${NAME} PRIVATE telemetra_sdk telemetra_common ${PLUGIN_LIBRARIES})
    target_compile_definitions(plugin_${NAME} PRIVATE TELEMETRA_VERSION="${PROJECT_VERSION}")
    set_target_properties(plugin_${NAME} PROPERTIES
        PREFIX "" OUTPUT_NAME ${NAME}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/telemetra)
    # A module with undefined symbols would fail only when it is loaded: let the linker say so.
    if(NOT TELEMETRA_SANITIZE)
        target_link_options(plugin_${NAME} PRIVATE -Wl,-z,defs -Wl,-z,now)
    endif()
    set_property(GLOBAL APPEND PROPERTY TELEMETRA_PLUGINS plugin_${NAME})
    install(TARGETS plugin_${NAME} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/telemetra)
endfunction()
