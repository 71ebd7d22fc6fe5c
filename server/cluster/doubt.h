// How far a node's memory may be trusted, beside its state.
#ifndef KACHE_SERVER_CLUSTER_DOUBT_H_
#define KACHE_SERVER_CLUSTER_DOUBT_H_

#include <cstdint>

namespace kache {

enum class Doubt : uint8_t {
  kNone,
  kBehind,   // it kept its memory, and lacks some writes
  kAmnesic,  // it lost its memory, or has lacked writes for too long, or nothing is known of it yet
};

// "none", "behind", "amnesic".
constexpr const char* DoubtName(Doubt doubt) {
  switch (doubt) {
    case Doubt::kNone:
      return "none";
    case Doubt::kBehind:
      return "behind";
    case Doubt::kAmnesic:
      return "amnesic";
  }
  return "unknown";
}

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_DOUBT_H_
