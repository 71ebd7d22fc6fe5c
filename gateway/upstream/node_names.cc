#include "gateway/upstream/node_names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "client/node_ids.h"

namespace kache::gateway {
namespace {

bool CanBeShown(std::string_view name) {
  return !name.empty() && name.size() <= NodeNames::kMaxNameBytes &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

}  // namespace

std::string_view NodeNames::Find(uint32_t id) const {
  const Entry* entry = buckets_[id % kBuckets].load(std::memory_order_acquire);
  while (entry != nullptr && entry->id != id) entry = entry->next;
  return entry == nullptr ? std::string_view() : std::string_view(entry->name);
}

std::string_view NodeNames::NodeOf(const v1::Receipt& receipt) const {
  return receipt.has_node_id() ? Find(receipt.node_id()) : std::string_view();
}

void NodeNames::Learn(const v1::GetStatusResponse& status) {
  if (!TellsNodeIds(status)) return;
  const std::lock_guard lock(mutex_);
  for (const v1::Node& node : status.nodes()) {
    if (CanBeShown(node.name()) && Find(node.node_id()) != node.name()) {
      Add(node.node_id(), node.name());
    }
  }
}

void NodeNames::Add(uint32_t id, const std::string& name) {
  if (entries_.size() == kMaxNames) return;
  std::atomic<const Entry*>& bucket = buckets_[id % kBuckets];
  entries_.push_back({id, name, bucket.load(std::memory_order_relaxed)});
  bucket.store(&entries_.back(), std::memory_order_release);
}

}  // namespace kache::gateway
