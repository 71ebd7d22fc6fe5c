// What each server holds for a key, held against what it should hold. Pure.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_REPLICA_CHECK_H_
#define KACHE_CLIENT_CTL_REPLICA_CHECK_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "kache/v1/kache.pb.h"

namespace kache::ctl {

enum class Verdict {
  kNewest,    // a home replica that holds the newest version
  kEmpty,     // holds nothing, and nothing is expected of it
  kMissing,   // a home replica without the live record that another one holds
  kOlder,     // holds an older version than another server
  kStandIn,   // no home replica, but holds the newest version in one's place
  kUnusable,  // holds what Kache did not write, or a newer Kache wrote
  kUnknown,   // did not answer
};

std::string_view VerdictText(Verdict verdict);

struct ReplicaCheck {
  v1::Version newest;             // on any server that answered; zero where none holds a record
  std::vector<Verdict> verdicts;  // one for each replica, in order
  // Of the home replicas:
  size_t home = 0;
  size_t agreeing = 0;   // hold the newest, or rightly nothing
  size_t diverging = 0;  // missing, older or unusable: to be brought up to date
  size_t unknown = 0;
};

ReplicaCheck CheckReplicas(const v1::LocateResponse& place);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REPLICA_CHECK_H_
