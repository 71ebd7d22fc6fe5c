#include "server/replication/results.h"

#include <cstring>
#include <string>
#include <type_traits>

#include "absl/strings/cord.h"

namespace kache {
namespace {

constexpr char kReceiptPayload[] = "kache/receipt";
// A payload never leaves the process: the bytes of the struct do.
static_assert(std::is_trivially_copyable_v<Receipt>);

}  // namespace

absl::Status WithReceipt(absl::Status status, const Receipt& receipt) {
  std::string bytes(sizeof(Receipt), '\0');
  std::memcpy(bytes.data(), &receipt, sizeof(Receipt));
  status.SetPayload(kReceiptPayload, absl::Cord(bytes));
  return status;
}

std::optional<Receipt> ReceiptOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReceiptPayload);
  if (!payload || payload->size() != sizeof(Receipt)) return std::nullopt;
  Receipt receipt;
  std::memcpy(&receipt, std::string(*payload).data(), sizeof(Receipt));
  return receipt;
}

}  // namespace kache
