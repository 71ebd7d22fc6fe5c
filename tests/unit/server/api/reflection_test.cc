#include "server/api/reflection.h"

#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "google/protobuf/descriptor.pb.h"
#include "kache/v1/kache.pb.h"

namespace kache {
namespace {

using ::grpc::reflection::v1alpha::ServerReflectionRequest;
using ::grpc::reflection::v1alpha::ServerReflectionResponse;

class ReflectionTest : public ::testing::Test {
 protected:
  // The names of the files that the answer describes.
  static std::multiset<std::string> Files(const ServerReflectionResponse& answer) {
    std::multiset<std::string> names;
    for (const std::string& bytes : answer.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.insert(file.name());
    }
    return names;
  }

  const Reflection reflection_{{"kache.v1.Kache", "other.Service"},
                               *v1::GetRequest::descriptor()->file()->pool()};
  ServerReflectionRequest question_;
};

TEST_F(ReflectionTest, ListsTheServices) {
  question_.set_list_services("*");
  const auto answer = reflection_.Answer(question_);
  ASSERT_EQ(answer.list_services_response().service_size(), 2);
  EXPECT_EQ(answer.list_services_response().service(0).name(), "kache.v1.Kache");
  EXPECT_EQ(answer.original_request().list_services(), "*");
}

TEST_F(ReflectionTest, DescribesAFileWithWhatItImportsEachOnce) {
  question_.set_file_containing_symbol("kache.v1.Kache");
  const auto by_symbol = Files(reflection_.Answer(question_));
  EXPECT_EQ(by_symbol.count("kache/v1/kache.proto"), 1);
  EXPECT_EQ(std::set<std::string>(by_symbol.begin(), by_symbol.end()).size(), by_symbol.size());
  question_.set_file_by_filename("kache/v1/kache.proto");
  EXPECT_EQ(Files(reflection_.Answer(question_)), by_symbol);
}

TEST_F(ReflectionTest, AnswersWhatIsNotThereWithAnError) {
  question_.set_file_containing_symbol("kache.v1.Nothing");
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::NOT_FOUND);
  question_.set_file_by_filename("nothing.proto");
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::NOT_FOUND);
  question_.mutable_file_containing_extension()->set_containing_type("kache.v1.Nothing");
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::NOT_FOUND);
  question_.mutable_file_containing_extension()->set_containing_type("kache.v1.GetRequest");
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::NOT_FOUND);
  question_.set_all_extension_numbers_of_type("kache.v1.Nothing");
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::NOT_FOUND);
  question_.Clear();
  EXPECT_EQ(reflection_.Answer(question_).error_response().error_code(), grpc::INVALID_ARGUMENT);
}

TEST_F(ReflectionTest, AMessageWithoutExtensionsHasNone) {
  question_.set_all_extension_numbers_of_type("kache.v1.GetRequest");
  const auto answer = reflection_.Answer(question_);
  EXPECT_EQ(answer.all_extension_numbers_response().base_type_name(), "kache.v1.GetRequest");
  EXPECT_EQ(answer.all_extension_numbers_response().extension_number_size(), 0);
}

}  // namespace
}  // namespace kache
