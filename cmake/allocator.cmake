# kache_allocator: the malloc that kache-server and kache-gateway are linked to
# (docs/adr/0016-malloc.md). The sanitizers bring their own.
#
# KACHE_MALLOC chooses it. `auto` is mimalloc, or jemalloc where mimalloc is not installed or of a
# version that is refused. The configuration fails when the malloc cannot be used.
set(kache_mallocs auto jemalloc mimalloc tcmalloc libc)
set(KACHE_MALLOC auto CACHE STRING "The malloc of the servers, one of: ${kache_mallocs}")
set_property(CACHE KACHE_MALLOC PROPERTY STRINGS ${kache_mallocs})
add_library(kache_allocator INTERFACE)

# kache_find_malloc(NAME TARGET REASON): sets the variable TARGET to the target of the malloc NAME
# (empty for libc's), and the variable REASON to why it cannot be used (empty when it can).
function(kache_find_malloc name target reason)
  set(${target} "" PARENT_SCOPE)
  set(${reason} "" PARENT_SCOPE)
  if(name STREQUAL mimalloc)
    find_package(mimalloc QUIET)
    if(NOT TARGET mimalloc)
      set(${reason} "it is not installed (package libmimalloc-dev)" PARENT_SCOPE)
    elseif(mimalloc_VERSION VERSION_GREATER_EQUAL 3.0 AND mimalloc_VERSION VERSION_LESS 3.1)
      # mimalloc's alpha and beta releases of version 3. 3.0.1, which Debian 13 has, never frees a
      # large block that another thread frees; see also github.com/immich-app/base-images/pull/277.
      set(${reason} "version ${mimalloc_VERSION} leaks memory (a pre-release of 3.1)" PARENT_SCOPE)
    endif()
    set(${target} mimalloc PARENT_SCOPE)
  elseif(NOT name STREQUAL libc)
    set(module_jemalloc jemalloc)
    set(package_jemalloc libjemalloc-dev)
    set(module_tcmalloc libtcmalloc_minimal)
    set(package_tcmalloc libgoogle-perftools-dev)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module_${name}})
    if(NOT ${name}_FOUND)
      set(${reason} "it is not installed (package ${package_${name}})" PARENT_SCOPE)
    endif()
    set(${target} PkgConfig::${name} PARENT_SCOPE)
  endif()
endfunction()

function(kache_link_malloc)
  if(NOT KACHE_MALLOC IN_LIST kache_mallocs)
    message(FATAL_ERROR "KACHE_MALLOC=${KACHE_MALLOC}: not one of ${kache_mallocs}")
  endif()
  set(candidates ${KACHE_MALLOC})
  if(KACHE_MALLOC STREQUAL auto)
    set(candidates mimalloc jemalloc)
  endif()
  set(refused "")
  foreach(candidate IN LISTS candidates)
    kache_find_malloc(${candidate} target reason)
    if(NOT reason)
      message(STATUS "malloc: ${candidate}")
      target_link_libraries(kache_allocator INTERFACE ${target})
      return()
    endif()
    string(APPEND refused "\n  ${candidate}: ${reason}")
  endforeach()
  message(FATAL_ERROR "KACHE_MALLOC=${KACHE_MALLOC} cannot be used:${refused}\n"
    "Install the package, or choose another malloc; libc needs no package, and costs more CPU time.")
endfunction()

if(NOT KACHE_SANITIZE)
  kache_link_malloc()
endif()
