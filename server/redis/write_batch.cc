#include "server/redis/write_batch.h"

#include <algorithm>

namespace kache::redis {
namespace {

constexpr size_t kKeptBytes = size_t{1} << 20;

}  // namespace

void WriteBatch::Add(const Command& command) {
  const std::string_view wire = command.wire();
  bytes_ += wire.size();
  if (wire.size() < kReferencedBytes) {
    copied_.append(wire);
  } else {
    referenced_.push_back({copied_.size(), command});
  }
}

void WriteBatch::Pieces(size_t skip, std::vector<std::string_view>& pieces) const {
  pieces.clear();
  const auto add = [&](std::string_view piece) {
    const size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    piece.remove_prefix(skipped);
    if (!piece.empty()) pieces.push_back(piece);
  };
  size_t start = 0;
  for (const Referenced& each : referenced_) {
    add(std::string_view(copied_).substr(start, each.position - start));
    add(each.command.wire());
    start = each.position;
  }
  add(std::string_view(copied_).substr(start));
}

void WriteBatch::Clear() {
  copied_.clear();
  if (copied_.capacity() > kKeptBytes) copied_.shrink_to_fit();
  referenced_.clear();
  bytes_ = 0;
}

}  // namespace kache::redis
