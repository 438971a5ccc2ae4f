# Writes the bytes of FILES, one after the other, into the C array that builtin.h declares.
file(WRITE ${OUTPUT} "#include \"builtin.h\"\n\nconst unsigned char tlm_builtin_lexicon[] = {\n")
foreach(file IN LISTS FILES)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(APPEND ${OUTPUT} "${bytes}\n")
endforeach()
file(APPEND ${OUTPUT} "};\nconst size_t tlm_builtin_lexicon_size = sizeof tlm_builtin_lexicon;\n")
