// The calls of kache.v1.Kache that a Transport makes.
//
// Thread-safe.
#ifndef KACHE_CLIENT_RPC_H_
#define KACHE_CLIENT_RPC_H_

#include <cstdint>

namespace kache {

enum class Rpc : uint8_t {
  kGet,
  kPut,
  kDelete,
  kTouch,
  kGetOrLease,
  kBatchGet,
  kBatchPut,
  kBatchDelete,
  kGetStatus,
  kLocate,
  kCount,
};

inline const char* RpcName(Rpc rpc) {
  switch (rpc) {
    case Rpc::kGet:
      return "Get";
    case Rpc::kPut:
      return "Put";
    case Rpc::kDelete:
      return "Delete";
    case Rpc::kTouch:
      return "Touch";
    case Rpc::kGetOrLease:
      return "GetOrLease";
    case Rpc::kBatchGet:
      return "BatchGet";
    case Rpc::kBatchPut:
      return "BatchPut";
    case Rpc::kBatchDelete:
      return "BatchDelete";
    case Rpc::kGetStatus:
      return "GetStatus";
    case Rpc::kLocate:
      return "Locate";
    case Rpc::kCount:
      break;
  }
  return "unknown";
}

}  // namespace kache

#endif  // KACHE_CLIENT_RPC_H_
