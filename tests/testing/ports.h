// Ports of 127.0.0.1 for servers of tests.
#ifndef KACHE_TESTS_TESTING_PORTS_H_
#define KACHE_TESTS_TESTING_PORTS_H_

#include <cstdint>

namespace kache::testing {

// A socket that listens on a free port, which is put in `port`. The caller closes it.
int ListenOnFreePort(uint16_t* port, int backlog = 128);

// A port that nobody listens on now, for a program that is told its port. Another process may take
// it before its use: try again then.
uint16_t FreePort();

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PORTS_H_
