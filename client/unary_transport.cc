#include "client/unary_transport.h"

#include <functional>
#include <utility>

namespace kache {

// Each rpc differs by its name and its types only, which C++ cannot take as arguments.
#define KACHE_CLIENT_DEFINE_RPC(Name)                                                            \
  void UnaryTransport::Name(v1::Name##Request request, absl::Time deadline,                      \
                            Done<v1::Name##Response> done) {                                     \
    Call<v1::Name##Request, v1::Name##Response>::Start(                                          \
        environment_,                                                                            \
        [](v1::Kache::Stub& server, grpc::ClientContext* context, const v1::Name##Request* sent, \
           v1::Name##Response* response, std::function<void(grpc::Status)> finished) {           \
          server.async()->Name(context, sent, response, std::move(finished));                    \
        },                                                                                       \
        std::move(request), deadline, std::move(done));                                          \
  }

KACHE_CLIENT_DEFINE_RPC(Get)
KACHE_CLIENT_DEFINE_RPC(Put)
KACHE_CLIENT_DEFINE_RPC(Delete)
KACHE_CLIENT_DEFINE_RPC(BatchGet)
KACHE_CLIENT_DEFINE_RPC(BatchPut)
KACHE_CLIENT_DEFINE_RPC(BatchDelete)

#undef KACHE_CLIENT_DEFINE_RPC

}  // namespace kache
