// The settings of jemalloc, where the programs are linked to it (cmake/allocator.cmake). jemalloc
// reads this variable when the process starts; the environment variable MALLOC_CONF overrides it.
//
// background_thread: threads of jemalloc's own give unused memory back to the system; else that
// happens only while other threads allocate and free. dirty_decay_ms: it happens within this time.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000";
}
