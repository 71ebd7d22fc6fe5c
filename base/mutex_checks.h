// Abseil's mutexes look for lock orders that could end in a deadlock, wherever the library was
// built with assertions, as Debian's is. gRPC takes several mutexes for each call, so the search
// takes about a twentieth of a server's CPU time.
#ifndef KACHE_BASE_MUTEX_CHECKS_H_
#define KACHE_BASE_MUTEX_CHECKS_H_

namespace kache {

// Called once, by main, before any thread starts.
void SkipMutexChecks();

}  // namespace kache

#endif  // KACHE_BASE_MUTEX_CHECKS_H_
