#include "http/message.h"

#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache {
namespace {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

// A buffer that one large request needed is given back; up to this it stays for the next, so that a
// connection that waits holds little.
constexpr size_t kKeptBytes = 1024;

template <class Buffer>
void EmptyAndKeep(size_t kept, Buffer* buffer) {
  if (buffer->capacity() > kept) {
    Buffer().swap(*buffer);  // an empty one that is assigned would leave the memory
  } else {
    buffer->clear();
  }
}

}  // namespace

std::string_view HttpMethodName(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kHead:
      return "HEAD";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kDelete:
      return "DELETE";
    case HttpMethod::kOther:
      break;
  }
  return "other";
}

void HeaderList::Add(std::string_view name, std::string_view value) {
  fields_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

void HeaderList::Clear() {
  EmptyAndKeep(kKeptBytes, &text_);
  EmptyAndKeep(kKeptBytes / sizeof(Field), &fields_);
}

std::string_view HeaderList::Name(const Field& field) const {
  return std::string_view(text_).substr(field.name_begin, field.name_size);
}

std::string_view HeaderList::Value(const Field& field) const {
  return std::string_view(text_).substr(field.name_begin + field.name_size, field.value_size);
}

std::optional<std::string_view> HeaderList::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (EqualsIgnoreCase(Name(field), name)) {
      return Value(field);
    }
  }
  return std::nullopt;
}

size_t HeaderList::Count(std::string_view name) const {
  size_t count = 0;
  for (const Field& field : fields_) {
    if (EqualsIgnoreCase(Name(field), name)) ++count;
  }
  return count;
}

std::string HeaderList::Joined(std::string_view name) const {
  std::string joined;
  for (const Field& field : fields_) {
    if (!EqualsIgnoreCase(Name(field), name)) continue;
    Append(&joined, joined.empty() ? "" : ", ", Value(field));
  }
  return joined;
}

void HttpRequest::Clear() {
  method = HttpMethod::kOther;
  EmptyAndKeep(kKeptBytes, &target);
  headers.Clear();
  EmptyAndKeep(kKeptBytes, &body);
  route = kNoRoute;
  parameter = {};
  name = {};
  query = {};
  caller = {};
}

void HttpRequest::DropLargeBody() { EmptyAndKeep(kKeptBytes, &body); }

void HttpResponse::AddHeader(std::string_view name, std::string_view value) {
  headers.append(name).append(": ").append(value).append("\r\n");
}

std::optional<std::string_view> HttpResponse::FindHeader(std::string_view name) const {
  std::string_view rest = headers;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const size_t colon = line.find(": ");
    if (EqualsIgnoreCase(line.substr(0, colon), name)) return line.substr(colon + 2);
    rest.remove_prefix(end + 2);
  }
  return std::nullopt;
}

}  // namespace kache
