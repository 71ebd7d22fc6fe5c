// Who a call is made for: the client of a gateway, say, on its connection.
//
// Thread-safe.
#ifndef KACHE_BASE_REQUESTER_H_
#define KACHE_BASE_REQUESTER_H_

namespace kache {

class Requester {
 public:
  virtual ~Requester() = default;
  // False once nobody waits for the answer any more, as far as that can be seen. Asked rarely: only
  // when a write lost to a newer one.
  virtual bool StillWaits() const = 0;
};

}  // namespace kache

#endif  // KACHE_BASE_REQUESTER_H_
