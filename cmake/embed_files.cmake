# kache_embed_files(TARGET SYMBOL_HEADER FUNCTION FOLDER files...): builds files into a target, byte
# by byte. FUNCTION, declared in SYMBOL_HEADER, returns them all as a span of WebFile; a file's name
# is its path below FOLDER. What is generated stays in the build tree.
function(kache_embed_files target header function folder)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_files.cc)
  list(TRANSFORM ARGN PREPEND ${folder}/ OUTPUT_VARIABLE paths)
  list(JOIN ARGN "|" names)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} -DHEADER=${header} -DFUNCTION=${function}
            -DFOLDER=${folder} "-DNAMES=${names}" -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.script.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed_files.script.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
