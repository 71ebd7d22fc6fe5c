# kache_allocator: the malloc that kache-server and kache-gateway are linked to, chosen by KACHE_MALLOC
# (docs/adr/0016-malloc.md). The configuration fails when it cannot be used. The sanitizers bring their
# own.
set(kache_mallocs jemalloc mimalloc tcmalloc libc)
set(KACHE_MALLOC jemalloc CACHE STRING "The malloc of the servers, one of: ${kache_mallocs}")
set_property(CACHE KACHE_MALLOC PROPERTY STRINGS ${kache_mallocs})
add_library(kache_allocator INTERFACE)

# kache_link_malloc(MODULE PACKAGE): links what pkg-config calls MODULE and Debian has in PACKAGE.
function(kache_link_malloc module package)
  pkg_check_modules(kache_malloc IMPORTED_TARGET GLOBAL ${module})
  if(NOT kache_malloc_FOUND)
    message(FATAL_ERROR "KACHE_MALLOC=${KACHE_MALLOC} is not installed: install the package "
      "${package}, or choose another malloc. libc needs no package, and costs more CPU time.")
  endif()
  target_link_libraries(kache_allocator INTERFACE PkgConfig::kache_malloc)
endfunction()

if(NOT KACHE_MALLOC IN_LIST kache_mallocs)
  message(FATAL_ERROR "KACHE_MALLOC=${KACHE_MALLOC} is not one of: ${kache_mallocs}")
elseif(KACHE_SANITIZE)
  return()
elseif(KACHE_MALLOC STREQUAL jemalloc)
  kache_link_malloc(jemalloc libjemalloc-dev)
  target_sources(kache_allocator INTERFACE ${PROJECT_SOURCE_DIR}/base/jemalloc_settings.cc)
elseif(KACHE_MALLOC STREQUAL tcmalloc)
  kache_link_malloc(libtcmalloc_minimal libgoogle-perftools-dev)
elseif(KACHE_MALLOC STREQUAL mimalloc)
  find_package(mimalloc REQUIRED)
  # A block of over 512 KiB that another thread frees is never used again with 3.0.1, which Debian 13
  # has. By mimalloc's history its commit a4159406 (January 2025), in 3.0.2-beta, repairs it. Others met
  # the fault, too: github.com/immich-app/base-images/pull/277. The version here has no third number;
  # 3.1 is the first release of version 3 that is neither an alpha nor a beta.
  if(mimalloc_VERSION VERSION_GREATER_EQUAL 3.0 AND mimalloc_VERSION VERSION_LESS 3.1)
    message(FATAL_ERROR "KACHE_MALLOC=mimalloc: mimalloc ${mimalloc_VERSION} is a pre-release, and up "
      "to 3.0.1 it leaks the memory of large values. Choose another malloc, or mimalloc 2 or 3.1.")
  endif()
  target_link_libraries(kache_allocator INTERFACE mimalloc)
endif()
