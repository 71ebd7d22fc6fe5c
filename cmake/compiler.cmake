# Language level, warnings and instrumentation, the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Warnings for our own code; generated code links kache_instrumentation only.
add_library(kache_instrumentation INTERFACE)
add_library(kache_warnings INTERFACE)
target_link_libraries(kache_warnings INTERFACE kache_instrumentation)
target_compile_options(kache_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  # GCC 12 warns of "literal" + std::to_string(n), wrongly (its bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${KACHE_WERROR}>:-Werror>)
target_include_directories(kache_warnings INTERFACE ${PROJECT_SOURCE_DIR})

if(KACHE_SANITIZE)
  target_compile_options(kache_instrumentation INTERFACE
    -fsanitize=${KACHE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
  target_link_options(kache_instrumentation INTERFACE -fsanitize=${KACHE_SANITIZE})
endif()
if(KACHE_SANITIZE MATCHES "thread")
  add_library(kache_tsan_library_order OBJECT ${PROJECT_SOURCE_DIR}/tests/tsan/library_order.cc)
  target_link_libraries(kache_instrumentation
    INTERFACE $<TARGET_OBJECTS:kache_tsan_library_order> ${CMAKE_DL_LIBS})
endif()
if(KACHE_FUZZ)
  target_compile_options(kache_instrumentation INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(KACHE_COVERAGE)
  target_compile_options(kache_instrumentation INTERFACE --coverage -O0)
  target_link_options(kache_instrumentation INTERFACE --coverage)
endif()

# kache_library(NAME sources...): a static library of one folder.
function(kache_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PRIVATE kache_warnings)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
