// A copier between two fake nodes.
#ifndef KACHE_TESTS_UNIT_SERVER_RECOVERY_COPIER_FIXTURE_H_
#define KACHE_TESTS_UNIT_SERVER_RECOVERY_COPIER_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/recovery/copier.h"
#include "server/replication/record.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_node_client.h"

namespace kache {

inline constexpr NodeId kSource{0};
inline constexpr NodeId kTarget{1};
inline constexpr Version kOld{10, 1};
inline constexpr Version kNew{20, 1};

class CopierFixture : public ::testing::Test {
 protected:
  CopierFixture() : source_(clock_), target_(clock_) {
    copier_ = std::make_unique<Copier>(std::vector<redis::NodeClient*>{&source_, &target_},
                                       "kache:d:", Rules());
  }
  CopyRules Rules() {
    return {absl::Seconds(3600),
            absl::Seconds(600),
            &clock_,
            [this](NodeId node) { return ahead_[node.index()]; },
            [this](NodeId node, std::string_view answer) { refused_.emplace_back(node, answer); },
            "kache:m",
            [this](NodeId, NodeId target, uint64_t) { left_out_.push_back(target); }};
  }
  static redis::Reply Array(std::vector<redis::Reply> elements) {
    redis::Reply reply;
    reply.type = redis::Reply::Type::kArray;
    reply.elements = std::move(elements);
    return reply;
  }
  static std::string Encoded(const Version& version) {
    return EncodeRecord({version, 0, false, "value"});
  }
  static std::string Header(const Version& version) {
    return Encoded(version).substr(0, kRecordHeaderBytes);
  }
  static redis::Reply Strings(const std::vector<std::string>& texts) {
    std::vector<redis::Reply> elements;
    for (const std::string& text : texts) elements.push_back(redis::Reply::String(text));
    return Array(std::move(elements));
  }
  // SCAN's answer: the keys "k0", "k1", ...
  static redis::Reply Keys(const std::string& next, size_t count) {
    std::vector<std::string> keys;
    for (size_t i = 0; i < count; ++i) keys.push_back("kache:d:k" + std::to_string(i));
    return Array({redis::Reply::String(next), Strings(keys)});
  }
  // How the records begin, and the lengths of the long ones.
  static redis::Reply Beginnings(const std::vector<std::string>& beginnings,
                                 std::vector<redis::Reply> lengths = {}) {
    return Array({Strings(beginnings), Array(std::move(lengths))});
  }
  static std::string Expiring(const Version& version, int64_t expires_at_ms) {
    return EncodeRecord({version, expires_at_ms, false, "value"});
  }
  void CopyPage(std::function<bool(std::string_view)> considers = {}) {
    result_.reset();
    copier_->CopyPage(
        kSource, "0", 100,
        {.considers = std::move(considers),
         .at_home = {},
         .targets = [](const PageEntry&) { return std::vector<NodeId>{kTarget}; }},
        [this](const std::string& next) { next_ = next; },
        [this](absl::StatusOr<PageResult> result) { result_ = std::move(result); });
  }
  // A page of one record, which the target lacks: it lacks most from then on.
  void CopyOneThatIsLacking() {
    CopyPage();
    source_.Answer(Keys("0", 1));
    source_.Answer(Beginnings({Encoded(kNew)}));
    target_.Answer(Strings({""}));
    target_.Answer(redis::Reply::Integer(1));
  }

  testing::FakeClock clock_;
  std::vector<absl::Duration> ahead_ = std::vector<absl::Duration>(2);  // the nodes' clocks
  testing::FakeNodeClient source_;
  testing::FakeNodeClient target_;
  std::unique_ptr<Copier> copier_;
  std::vector<std::pair<NodeId, std::string>> refused_;  // what they answered
  std::vector<NodeId> left_out_;                         // for whom records were left out
  std::string next_;
  std::optional<absl::StatusOr<PageResult>> result_;
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_SERVER_RECOVERY_COPIER_FIXTURE_H_
