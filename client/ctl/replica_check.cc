#include "client/ctl/replica_check.h"

#include "client/version_text.h"

namespace kache::ctl {
namespace {

using Replica = v1::Replica;

bool HoldsRecord(const Replica& replica) {
  return replica.content() == Replica::CONTENT_VALUE ||
         replica.content() == Replica::CONTENT_TOMBSTONE ||
         replica.content() == Replica::CONTENT_EXPIRED;
}

// `live`: the newest record can be read. A server that lacks a delete, or what has expired, lacks
// nothing that anybody would see.
Verdict Judge(const Replica& replica, bool is_home, const v1::Version& newest, bool live) {
  if (replica.content() == Replica::CONTENT_FOREIGN ||
      replica.content() == Replica::CONTENT_NEWER_FORMAT) {
    return Verdict::kUnusable;
  }
  if (HoldsRecord(replica)) {
    if (IsNewer(newest, replica.version())) return Verdict::kOlder;
    return is_home ? Verdict::kNewest : Verdict::kStandIn;
  }
  if (replica.content() != Replica::CONTENT_NONE) return Verdict::kUnknown;
  return is_home && live ? Verdict::kMissing : Verdict::kEmpty;
}

void Count(Verdict verdict, ReplicaCheck* check) {
  ++check->home;
  if (verdict == Verdict::kNewest || verdict == Verdict::kEmpty) {
    ++check->agreeing;
  } else if (verdict == Verdict::kUnknown) {
    ++check->unknown;
  } else {
    ++check->diverging;
  }
}

}  // namespace

std::string_view VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNewest:
      return "newest";
    case Verdict::kEmpty:
      return "-";
    case Verdict::kMissing:
      return "missing";
    case Verdict::kOlder:
      return "older";
    case Verdict::kStandIn:
      return "stand-in copy";
    case Verdict::kUnusable:
      return "not readable";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

ReplicaCheck CheckReplicas(const v1::LocateResponse& place) {
  ReplicaCheck check;
  bool live = false;
  for (const Replica& replica : place.replicas()) {
    if (!HoldsRecord(replica) || !IsNewer(replica.version(), check.newest)) continue;
    check.newest = replica.version();
    live = replica.content() == Replica::CONTENT_VALUE;
  }
  for (int i = 0; i < place.replicas_size(); ++i) {
    const bool is_home = static_cast<uint32_t>(i) < place.home_replicas();
    const Verdict verdict = Judge(place.replicas(i), is_home, check.newest, live);
    check.verdicts.push_back(verdict);
    if (is_home) Count(verdict, &check);
  }
  return check;
}

}  // namespace kache::ctl
