// A TCP balancer in front of servers that know nothing of one another, as a Kubernetes Service or a
// DNS name may be: each new connection goes to the next server of a list. On threads of its own.
//
//   Balancer balancer({one.port(), another.port()});
//   balancer.Use({another.port()});  // open connections stay where they are
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_BALANCER_H_
#define KACHE_TESTS_TESTING_BALANCER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "server/redis/endpoint.h"

namespace kache::testing {

class Balancer {
 public:
  // Ports of 127.0.0.1.
  explicit Balancer(std::vector<uint16_t> ports);
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  redis::Endpoint endpoint() const { return {"127.0.0.1", port_, "", "", 0}; }

  // New connections go to these in turn from now on.
  void Use(std::vector<uint16_t> ports);
  // Ends the connection that was made first of those that are open.
  void CloseOldest();
  void CloseAll();

 private:
  struct Pair {
    int client;
    int server;
  };
  void Run();
  void Accept();
  // False once one of the two ends has closed.
  static bool Pump(const Pair& pair, bool from_client);

  uint16_t port_ = 0;
  const int listening_;
  std::mutex mutex_;
  std::vector<uint16_t> ports_ ABSL_GUARDED_BY(mutex_);
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Pair> pairs_ ABSL_GUARDED_BY(mutex_);  // oldest first
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_BALANCER_H_
