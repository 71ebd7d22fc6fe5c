#include "server/replication/results.h"

#include <cstring>
#include <string>
#include <type_traits>

#include "absl/strings/cord.h"
#include "base/error_details.h"

namespace kache {
namespace {

constexpr char kReceiptPayload[] = "kache/receipt";
constexpr char kSupersededPayload[] = "kache/superseded";

// A payload never leaves the process: the bytes of the struct do.
template <class Detail>
void SetDetail(const char* url, const Detail& detail, absl::Status* status) {
  static_assert(std::is_trivially_copyable_v<Detail>);
  std::string bytes(sizeof(Detail), '\0');
  std::memcpy(bytes.data(), &detail, sizeof(Detail));
  status->SetPayload(url, absl::Cord(bytes));
}

template <class Detail>
std::optional<Detail> DetailOf(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  if (!payload || payload->size() != sizeof(Detail)) return std::nullopt;
  Detail detail;
  std::memcpy(&detail, std::string(*payload).data(), sizeof(Detail));
  return detail;
}

}  // namespace

absl::Status WithReceipt(absl::Status status, const Receipt& receipt) {
  SetDetail(kReceiptPayload, receipt, &status);
  return status;
}

std::optional<Receipt> ReceiptOf(const absl::Status& status) {
  return DetailOf<Receipt>(status, kReceiptPayload);
}

absl::Status WithSuperseded(absl::Status status, const Superseded& superseded) {
  SetReason(kSuperseded, &status);
  SetDetail(kSupersededPayload, superseded, &status);
  return status;
}

std::optional<Superseded> SupersededOf(const absl::Status& status) {
  return DetailOf<Superseded>(status, kSupersededPayload);
}

}  // namespace kache
