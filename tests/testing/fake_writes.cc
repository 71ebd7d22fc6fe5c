#include "tests/testing/fake_writes.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "client/version_text.h"
#include "grpcpp/support/status_code_enum.h"

namespace kache {
namespace {

constexpr uint64_t kCoordinator = 0xabcdef0123456789;
constexpr uint64_t kRival = 0x1111'2222'3333'0000;
constexpr absl::Duration kMaxSkew = absl::Seconds(5);
constexpr absl::Duration kMaxWriteAge = absl::Minutes(10);

absl::Time InstantOf(uint64_t timestamp) {
  return absl::FromUnixMillis(static_cast<int64_t>(timestamp >> 16));
}

// The version of a write with that stamp: tells two contents apart, as a coordinator's would.
v1::Version VersionOf(const v1::Stamp& stamp, const FakeRecords::Record& record) {
  v1::Version version;
  version.set_timestamp(stamp.timestamp());
  version.set_clock(stamp.clock() | (std::hash<std::string>()(record.value) & 0xffff));
  return version;
}

void FillError(grpc::StatusCode code, const char* message, const char* reason, v1::Error* error) {
  error->set_code(code);
  error->set_message(message);
  error->set_reason(reason);
}

// A field of a message that is text, bytes or a message.
void AppendField(int number, const std::string& content, std::string* message) {
  message->push_back(static_cast<char>(number << 3 | 2));
  size_t size = content.size();
  for (; size >= 0x80; size >>= 7) message->push_back(static_cast<char>(size | 0x80));
  message->push_back(static_cast<char>(size));
  message->append(content);
}

std::string AnyOf(const char* type, const std::string& message) {
  std::string any;
  AppendField(1, std::string("type.googleapis.com/") + type, &any);
  AppendField(2, message, &any);
  return any;
}

// google.rpc.ErrorInfo.
std::string ErrorInfoOf(const v1::Error& error) {
  std::string info;
  AppendField(1, error.reason(), &info);
  AppendField(2, "kache.dev", &info);
  if (error.cluster_time_unix_ms() != 0) {
    std::string entry;
    AppendField(1, "cluster_time_unix_ms", &entry);
    AppendField(2, std::to_string(error.cluster_time_unix_ms()), &entry);
    AppendField(3, entry, &info);
  }
  return info;
}

}  // namespace

grpc::Status StatusOfError(const v1::Error& error) {
  std::string details;  // google.rpc.Status
  const auto add = [&details](const char* type, const std::string& message) {
    AppendField(3, AnyOf(type, message), &details);
  };
  if (!error.reason().empty()) add("google.rpc.ErrorInfo", ErrorInfoOf(error));
  if (error.has_receipt()) add("kache.v1.Receipt", error.receipt().SerializeAsString());
  if (error.has_superseded()) add("kache.v1.Superseded", error.superseded().SerializeAsString());
  return {static_cast<grpc::StatusCode>(error.code()), error.message(), details};
}

void FakeWrites::SetKnowsStamps(bool knows) {
  const std::lock_guard lock(mutex_);
  knows_stamps_ = knows;
}

void FakeWrites::SetClusterTimeAhead(absl::Duration ahead) {
  const std::lock_guard lock(mutex_);
  cluster_time_ahead_ = ahead;
}

void FakeWrites::LetRivalsWrite(int writes, absl::Duration ahead) {
  const std::lock_guard lock(mutex_);
  rivals_ = writes;
  rivals_ahead_ = ahead;
}

void FakeWrites::SetAllHeard(bool all_heard) {
  const std::lock_guard lock(mutex_);
  all_heard_ = all_heard;
}

std::vector<v1::Stamp> FakeWrites::stamps() const {
  const std::lock_guard lock(mutex_);
  return stamps_;
}

absl::Time FakeWrites::cluster_time() const {
  const std::lock_guard lock(mutex_);
  return absl::Now() + cluster_time_ahead_;
}

int64_t FakeWrites::ClusterTimeMs() const {
  const std::lock_guard lock(mutex_);
  return knows_stamps_ ? absl::ToUnixMillis(absl::Now() + cluster_time_ahead_) : 0;
}

FakeWrites::Order FakeWrites::NextOrder(const v1::Stamp* stamp) {
  const std::lock_guard lock(mutex_);
  stamps_.push_back(stamp != nullptr ? *stamp : v1::Stamp());
  Order order;
  order.keeps_stamp = knows_stamps_ && stamp != nullptr;
  order.rival = order.keeps_stamp && rivals_ > 0;
  order.rival_ahead = rivals_ahead_;
  order.all_heard = all_heard_;
  if (order.rival) --rivals_;
  return order;
}

bool FakeWrites::IsOutOfRange(const std::string& key, const v1::Stamp& stamp) const {
  const absl::Duration ahead = InstantOf(stamp.timestamp()) - cluster_time();
  if (ahead < -kMaxWriteAge) return true;
  if (ahead <= kMaxSkew) return false;
  const auto held = records_.Find(key);
  return !stamp.has_above() || !held || IsNewer(stamp.above(), held->version);
}

void FakeWrites::LetRivalWrite(const std::string& key, const v1::Stamp& stamp,
                               absl::Duration ahead) {
  FakeRecords::Record theirs{.value = "rival's"};
  const int64_t ms = absl::ToUnixMillis(InstantOf(stamp.timestamp()) + ahead);
  theirs.version.set_timestamp(static_cast<uint64_t>(ms) << 16);
  theirs.version.set_clock(kRival);
  records_.Store(key, theirs);
}

void FakeWrites::Write(const std::string& key, FakeRecords::Record record, const v1::Stamp* stamp,
                       v1::WriteResult* result) {
  if (key.empty()) {
    return FillError(grpc::StatusCode::INVALID_ARGUMENT, "the key is empty", "",
                     result->mutable_error());
  }
  const Order order = NextOrder(stamp);
  if (order.keeps_stamp && IsOutOfRange(key, *stamp)) {
    FillError(grpc::StatusCode::FAILED_PRECONDITION, "the stamp is out of range",
              "STAMP_OUT_OF_RANGE", result->mutable_error());
    result->mutable_error()->set_cluster_time_unix_ms(ClusterTimeMs());
    return;
  }
  if (order.rival) LetRivalWrite(key, *stamp, order.rival_ahead);
  v1::Receipt receipt;
  receipt.set_required(1);
  if (record.ttl_ms > 0) receipt.set_expires_at_unix_ms(1'700'000'000'000 + record.ttl_ms);
  std::optional<v1::Version> held;
  if (order.keeps_stamp) {
    record.version = VersionOf(*stamp, record);
    *receipt.mutable_version() = record.version;
    held = records_.Store(key, std::move(record));
  } else {
    *receipt.mutable_version() = records_.StoreAboveAll(key, std::move(record), kCoordinator);
  }
  if (held) {
    v1::Error* const error = result->mutable_error();
    FillError(grpc::StatusCode::ABORTED, "a newer version is held", "SUPERSEDED", error);
    *error->mutable_receipt() = receipt;
    *error->mutable_superseded()->mutable_held() = *held;
    error->mutable_superseded()->set_all_heard(order.all_heard);
    return;
  }
  receipt.set_acknowledged(1);
  *result->mutable_receipt() = receipt;
}

}  // namespace kache
