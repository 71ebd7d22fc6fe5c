#include "client/bench/worker.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>

namespace kache::bench {
namespace {

using std::chrono::milliseconds;

// A store in the test's own time: each request takes `latency`, one after another.
class FakeTransport final : public LoadTransport {
 public:
  explicit FakeTransport(size_t slots) : requests_(slots), outcomes_(slots) {}

  size_t slots() const override { return requests_.size(); }
  Request& request(size_t slot) override { return requests_[slot]; }
  void Start(size_t slot) override {
    ++started;
    const Instant begin = waiting_.empty() ? now : std::max(now, waiting_.back().second);
    waiting_.emplace_back(slot, begin + latency);
  }
  bool Wait(Instant until, size_t* slot) override {
    if (waiting_.empty() || waiting_.front().second > until) {
      now = std::max(now, until);
      return false;
    }
    now = std::max(now, waiting_.front().second);
    *slot = waiting_.front().first;
    waiting_.pop_front();
    Answer(*slot);
    return true;
  }
  const std::vector<Outcome>& outcomes(size_t slot) const override { return outcomes_[slot]; }
  const std::string& first_error() const override { return error_; }

  Instant now = Instant() + std::chrono::hours(1);
  milliseconds latency{1};
  int started = 0;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::map<std::string, std::string> store;

 private:
  void Answer(size_t slot) {
    outcomes_[slot].clear();
    const Request& request = requests_[slot];
    for (size_t i = 0; i < request.keys.size(); ++i) {
      Outcome outcome{code, false, {}};
      if (request.action == Action::kPut) {
        store[request.keys[i]] = request.values[i];
      } else if (request.action == Action::kGet && store.count(request.keys[i]) > 0) {
        outcome.found = true;
        outcome.value = store[request.keys[i]];
      }
      outcomes_[slot].push_back(outcome);
    }
  }

  std::vector<Request> requests_;
  std::vector<std::vector<Outcome>> outcomes_;
  std::deque<std::pair<size_t, Instant>> waiting_;
  std::string error_;
};

class OneKind final : public OperationSource {
 public:
  explicit OneKind(Kind kind, int operations = 1'000'000) : kind_(kind), left_(operations) {}
  bool Next(size_t count, Kind* kind, std::vector<uint64_t>* keys) override {
    if (left_-- == 0) return false;
    *kind = kind_;
    keys->assign(count, 7);
    return true;
  }

 private:
  const Kind kind_;
  int left_;
};

class WorkerTest : public testing::Test {
 protected:
  Measured Run(Kind kind, double rate, milliseconds length, int operations = 1'000'000) {
    OneKind source(kind, operations);
    Recorder recorder;
    options_.record_from = transport_.now;
    Worker worker(options_, values_, source, transport_, recorder, 0);
    worker.Run(Pacer(transport_.now, transport_.now + length, rate),
               [this] { return transport_.now; });
    return recorder.Copy();
  }

  WorkerOptions options_{
      .key_prefix = "p:", .keys_per_request = 1, .check = true, .record_from = {}};
  const ValueMaker values_{ValueSizes::Parse("32").value()};
  FakeTransport transport_{4};
};

TEST_F(WorkerTest, ClosedLoopKeepsAllSlotsBusy) {
  Measured measured = Run(Kind::kPut, 0, milliseconds(100));
  EXPECT_NEAR(static_cast<double>(measured.of(Kind::kPut).requests), 100, 5);
  EXPECT_EQ(measured.of(Kind::kPut).latency.Percentile(0.5), 4'000'000u) << "4 in a queue of 1 ms";
  EXPECT_EQ(transport_.store.count("p:7"), 1u);
}

TEST_F(WorkerTest, OpenLoopKeepsItsRate) {
  Measured measured = Run(Kind::kGet, 100, milliseconds(500));
  EXPECT_EQ(measured.of(Kind::kGet).requests, 50u);
  EXPECT_EQ(measured.of(Kind::kGet).misses, 50u);
  EXPECT_EQ(measured.of(Kind::kGet).latency.Percentile(1), 1'000'000u);
  EXPECT_EQ(measured.never_started, 0u);
}

TEST_F(WorkerTest, OpenLoopMeasuresTheWaitOfWhatCouldNotStart) {
  transport_.latency = milliseconds(20);  // 50 a second, where 100 are due
  Measured measured = Run(Kind::kGet, 100, milliseconds(1000));
  const Histogram& latency = measured.of(Kind::kGet).latency;
  EXPECT_GT(latency.max(), 400'000'000u) << "the last ones were due half a second earlier";
  EXPECT_NEAR(static_cast<double>(latency.Percentile(0.5)), 250e6, 60e6);
  EXPECT_NEAR(static_cast<double>(measured.never_started), 46, 5);
}

TEST_F(WorkerTest, ReadModifyWriteIsOneOperation) {
  Measured measured = Run(Kind::kReadModifyWrite, 0, milliseconds(100), /*operations=*/3);
  EXPECT_EQ(measured.of(Kind::kReadModifyWrite).requests, 3u);
  EXPECT_EQ(transport_.started, 6);
  EXPECT_EQ(measured.wrong_values, 0u);
}

TEST_F(WorkerTest, ChecksWhatItReads) {
  transport_.store["p:7"] = "nonsense";
  Measured measured = Run(Kind::kGet, 0, milliseconds(100), /*operations=*/5);
  EXPECT_EQ(measured.wrong_values, 5u);
  EXPECT_NE(measured.first_wrong.find("key 7"), std::string::npos);
}

TEST_F(WorkerTest, CountsErrorsByCode) {
  transport_.code = absl::StatusCode::kUnavailable;
  Measured measured = Run(Kind::kPut, 0, milliseconds(100), /*operations=*/5);
  EXPECT_EQ(measured.of(Kind::kPut).errors[absl::StatusCode::kUnavailable], 5u);
  EXPECT_EQ(measured.errors(), 5u);
}

TEST_F(WorkerTest, BatchesCountTheirKeys) {
  options_.keys_per_request = 10;
  Measured measured = Run(Kind::kPut, 0, milliseconds(100), /*operations=*/3);
  EXPECT_EQ(measured.of(Kind::kPut).requests, 3u);
  EXPECT_EQ(measured.of(Kind::kPut).keys, 30u);
}

TEST_F(WorkerTest, WarmUpIsNotRecorded) {
  OneKind source(Kind::kGet);
  Recorder recorder;
  options_.record_from = transport_.now + milliseconds(50);
  Worker worker(options_, values_, source, transport_, recorder, 0);
  worker.Run(Pacer(transport_.now, transport_.now + milliseconds(100), 1000),
             [this] { return transport_.now; });
  EXPECT_EQ(recorder.Copy().of(Kind::kGet).requests, 50u);
}

}  // namespace
}  // namespace kache::bench
