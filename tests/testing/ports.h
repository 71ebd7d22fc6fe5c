// Ports of 127.0.0.1 for servers that are told their port.
#ifndef KACHE_TESTS_TESTING_PORTS_H_
#define KACHE_TESTS_TESTING_PORTS_H_

#include <cstdint>

namespace kache::testing {

// A port that nobody listens on now. Another process may take it before its use: try again then.
uint16_t FreePort();

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PORTS_H_
