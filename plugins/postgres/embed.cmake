# Writes the SQL files of infra/sql into a C file, so that the plugin carries them and cannot differ from them.
# tlm_embed_sql(OUTPUT FOLDER)
function(tlm_embed_sql OUTPUT FOLDER)
    file(GLOB versions CONFIGURE_DEPENDS ${FOLDER}/[0-9]*.sql)
    file(GLOB datasets CONFIGURE_DEPENDS ${FOLDER}/datasets/*.sql)
    set(bodies "")
    set(version_rows "")
    set(dataset_rows "")
    set(index 0)
    foreach(path IN LISTS versions datasets)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
        get_filename_component(name ${path} NAME)
        file(READ ${path} hex HEX)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
        string(APPEND bodies "static const char body_${index}[] = {${bytes}0};\n")
        set(row "    {\"${name}\", body_${index}},\n")
        if(path IN_LIST versions)
            string(APPEND version_rows "${row}")
        else()
            string(APPEND dataset_rows "${row}")
        endif()
        math(EXPR index "${index} + 1")
    endforeach()
    file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[/* Made by CMake from infra/sql. */
#include "sql_files.h"

#include <stddef.h>

@bodies@
const tlm_sql_file tlm_sql_versions[] = {
@version_rows@    {NULL, NULL},
};

const tlm_sql_file tlm_sql_datasets[] = {
@dataset_rows@    {NULL, NULL},
};
]])
endfunction()
