# Everything comes from the distribution's packages: deploy/local/packages lists them.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC REQUIRED CONFIG)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core pull)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
find_package(mimalloc REQUIRED)

# The servers' malloc: messages are made on one thread and freed on another, which costs glibc's more
# (docs/performance.md). The sanitizers bring their own.
add_library(kache_allocator INTERFACE)
if(NOT KACHE_SANITIZE)
  target_link_libraries(kache_allocator INTERFACE mimalloc)
endif()
