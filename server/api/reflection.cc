#include "server/api/reflection.h"

#include <grpcpp/support/status_code_enum.h>

#include <set>

#include "google/protobuf/descriptor.pb.h"

namespace kache {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::FileDescriptorResponse;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

void SetError(grpc::StatusCode code, const std::string& message, ServerReflectionResponse* answer) {
  answer->mutable_error_response()->set_error_code(code);
  answer->mutable_error_response()->set_error_message(message);
}

// The file, and those that it imports, each once.
void AddWithImports(const FileDescriptor& file, std::set<const FileDescriptor*>* seen,
                    FileDescriptorResponse* answer) {
  if (!seen->insert(&file).second) return;
  google::protobuf::FileDescriptorProto description;
  file.CopyTo(&description);
  description.SerializeToString(answer->add_file_descriptor_proto());
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddWithImports(*file.dependency(i), seen, answer);
  }
}

void SetFile(const FileDescriptor* file, ServerReflectionResponse* answer) {
  if (file == nullptr) return SetError(grpc::NOT_FOUND, "not found", answer);
  std::set<const FileDescriptor*> seen;
  AddWithImports(*file, &seen, answer->mutable_file_descriptor_response());
}

const FileDescriptor* FileOfExtension(const google::protobuf::DescriptorPool& pool,
                                      const grpc::reflection::v1alpha::ExtensionRequest& asked) {
  const Descriptor* const type = pool.FindMessageTypeByName(asked.containing_type());
  if (type == nullptr) return nullptr;
  const FieldDescriptor* const extension =
      pool.FindExtensionByNumber(type, asked.extension_number());
  return extension == nullptr ? nullptr : extension->file();
}

void SetExtensions(const google::protobuf::DescriptorPool& pool, const std::string& name,
                   ServerReflectionResponse* answer) {
  const Descriptor* const type = pool.FindMessageTypeByName(name);
  if (type == nullptr) return SetError(grpc::NOT_FOUND, "not found", answer);
  std::vector<const FieldDescriptor*> extensions;
  pool.FindAllExtensions(type, &extensions);
  auto& numbers = *answer->mutable_all_extension_numbers_response();
  numbers.set_base_type_name(name);
  for (const FieldDescriptor* extension : extensions) {
    numbers.add_extension_number(extension->number());
  }
}

}  // namespace

ServerReflectionResponse Reflection::Answer(const ServerReflectionRequest& question) const {
  ServerReflectionResponse answer;
  answer.set_valid_host(question.host());
  *answer.mutable_original_request() = question;
  switch (question.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      SetFile(pool_.FindFileByName(question.file_by_filename()), &answer);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      SetFile(pool_.FindFileContainingSymbol(question.file_containing_symbol()), &answer);
      break;
    case ServerReflectionRequest::kFileContainingExtension:
      SetFile(FileOfExtension(pool_, question.file_containing_extension()), &answer);
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      SetExtensions(pool_, question.all_extension_numbers_of_type(), &answer);
      break;
    case ServerReflectionRequest::kListServices:
      for (const std::string& service : services_) {
        answer.mutable_list_services_response()->add_service()->set_name(service);
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      SetError(grpc::INVALID_ARGUMENT, "the question is none that this server knows", &answer);
      break;
  }
  return answer;
}

}  // namespace kache
