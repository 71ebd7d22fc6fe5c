// Any bytes as what a client sends on an HTTP connection: nothing crashes, a connection reads the
// same requests however the bytes are cut, nothing is kept beyond the limits, a request says of
// itself what a naive reader finds in its head, and a head that is written out reads the same
// again.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "boost/asio/buffer.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "http/allowed_hosts.h"
#include "http/framing.h"
#include "http/request_naming.h"
#include "http/request_parser.h"
#include "http/response_writer.h"
#include "tests/fuzz/require.h"

namespace kache {
namespace {

namespace http = boost::beast::http;

// So small that inputs reach them.
constexpr size_t kMaxHeadBytes = 1024;
constexpr uint64_t kMaxBodyBytes = 256;
// RequestParser sets aside so much because of a Content-Length alone.
constexpr size_t kMaxReservedBytes = 64 * 1024;

struct ReadRequest {
  HttpRequest request;
  bool http_1_1 = false;
  bool keep_alive = false;
  bool chunked = false;
  size_t begin = 0;  // of its head, in all that was sent
};

// As connection.cc reads, without a socket.
class Connection {
 public:
  // What came of the bytes: requests, and the status of the refusal that ended them; 0 = it waits
  // for more, or a request was the last one.
  std::vector<ReadRequest> requests;
  int refusal = 0;
  bool over = false;

  void Feed(std::string_view bytes) {
    const auto place = buffer_.prepare(bytes.size());
    boost::asio::buffer_copy(place, boost::asio::buffer(bytes.data(), bytes.size()));
    buffer_.commit(bytes.size());
    while (!over && Advance()) continue;
  }

 private:
  void Consume(size_t bytes) {
    buffer_.consume(bytes);
    consumed_ += bytes;
  }

  // False: more bytes are needed.
  bool Advance() {
    if (!parser_ && !BeginRequest()) return false;
    while (!parser_->is_done()) {
      if (buffer_.size() == 0) return false;
      RequestParser::ErrorCode error;
      Consume(parser_->put(buffer_.cdata(), error));
      CheckMemory();
      if (!head_done_ && parser_->is_header_done() && !OnHead()) return false;
      if (error == http::error::need_more) return false;
      if (error) return Refuse(StatusOf(error));
    }
    EndRequest();
    return true;
  }

  bool BeginRequest() {
    const auto front = [this] { return static_cast<const char*>(buffer_.cdata().data()); };
    while (buffer_.size() >= 2 && front()[0] == '\r' && front()[1] == '\n') Consume(2);
    if (buffer_.size() == 0 || (buffer_.size() == 1 && *front() == '\r')) return false;
    read_ = {};
    read_.begin = consumed_;
    head_done_ = false;
    parser_.emplace(read_.request, kMaxHeadBytes);
    return true;
  }

  bool OnHead() {
    head_done_ = true;
    read_.http_1_1 = parser_->http_1_1();
    read_.keep_alive = parser_->keep_alive();
    read_.chunked = parser_->chunked();
    const FramingVerdict framing = CheckFraming(read_.request, read_.http_1_1);
    if (framing.refuse_with != 0) return Refuse(framing.refuse_with);
    if (parser_->content_length().value_or(0) > kMaxBodyBytes) return Refuse(413);
    parser_->set_body_limit(kMaxBodyBytes);
    parser_->eager(true);
    return true;
  }

  void CheckMemory() {
    const HttpRequest& request = read_.request;
    Require(request.target.size() + request.headers.memory_bytes() / 16 <= kMaxHeadBytes);
    Require(request.body.size() <= kMaxBodyBytes);
    Require(request.body.capacity() <= std::max(kMaxReservedBytes, 2 * kMaxBodyBytes));
    Require(parser_->expected_bytes() >= request.body.size() || parser_->chunked());
  }

  static int StatusOf(const RequestParser::ErrorCode& error) {
    if (error == http::error::header_limit) return 431;
    return error == http::error::body_limit ? 413 : 400;
  }

  bool Refuse(int status) {
    refusal = status;
    over = true;
    return false;
  }

  void EndRequest() {
    over = !read_.keep_alive;
    requests.push_back(std::exchange(read_, {}));
    parser_.reset();
  }

  boost::beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  ReadRequest read_;
  bool head_done_ = false;
  size_t consumed_ = 0;
};

Connection Read(std::string_view bytes, size_t portion) {
  Connection connection;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(portion, bytes.size()))) {
    if (!connection.over) connection.Feed(bytes.substr(0, portion));
  }
  return connection;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// A head as a reader sees it who knows no more than its lines.
struct NaiveHead {
  std::string_view method;
  std::string_view target;
  std::vector<std::pair<std::string, std::string_view>> fields;  // names in lower case
  bool has_folds = false;
};

NaiveHead ReadNaively(std::string_view text) {
  NaiveHead head;
  head.method = text.substr(0, text.find(' '));
  text.remove_prefix(head.method.size() + 1);
  head.target = text.substr(0, text.find(' '));
  text.remove_prefix(text.find("\r\n") + 2);
  while (true) {
    const std::string_view line = text.substr(0, text.find("\r\n"));
    if (line.empty()) return head;
    text.remove_prefix(line.size() + 2);
    head.has_folds |= IsBlank(line.front());
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    head.fields.emplace_back(absl::AsciiStrToLower(ToAbsl(line.substr(0, colon))),
                             WithoutBlanks(line.substr(colon + 1)));
  }
}

// All values of a name, as HeaderList::Joined has them.
std::map<std::string, std::string> Joined(const NaiveHead& head) {
  std::map<std::string, std::string> joined;
  for (const auto& [name, value] : head.fields) {
    std::string& all = joined[name];
    Append(&all, all.empty() ? "" : ", ", value);
  }
  return joined;
}

// Where its body ends is what everybody reads who reads this head.
void CheckFramingOf(const ReadRequest& read, const NaiveHead& head) {
  const auto is_chunked = [](std::string_view value) {
    return absl::AsciiStrToLower(ToAbsl(Trimmed(value))) == "chunked";
  };
  size_t hosts = 0;
  size_t encodings = 0;
  size_t lengths = 0;
  for (const auto& [name, value] : head.fields) {
    if (name == "host") ++hosts;
    if (name == "transfer-encoding") Require(++encodings == 1 && is_chunked(value));
    if (name != "content-length") continue;
    Require(++lengths == 1);
    Require(std::to_string(read.request.body.size()) ==
            value.substr(std::min(value.find_first_not_of('0'), value.size() - 1)));
  }
  Require(hosts <= 1 && (hosts == 1 || !read.http_1_1));
  Require(read.chunked == (encodings == 1));
  Require(encodings == 0 || (lengths == 0 && read.http_1_1));
  if (encodings + lengths == 0) Require(read.request.body.empty());
}

void CheckRoundTrip(const ReadRequest& read, const NaiveHead& head) {
  std::string text =
      Concat(head.method, " ", head.target, read.http_1_1 ? " HTTP/1.1" : " HTTP/1.0", "\r\n");
  for (const auto& [name, value] : head.fields) {
    const bool is_framing = name == "transfer-encoding" || name == "content-length";
    if (!is_framing) Append(&text, name, ": ", value, "\r\n");
  }
  Append(&text, "content-length: ", read.request.body.size(), "\r\n\r\n", read.request.body);
  // The head may be a little longer now than the limit.
  if (text.find("\r\n\r\n") + 4 > kMaxHeadBytes) return;
  const Connection again = Read(text, SIZE_MAX);
  Require(again.requests.size() == 1 && again.refusal == 0);
  const HttpRequest& request = again.requests.front().request;
  Require(request.method == read.request.method && request.target == read.request.target);
  Require(request.body == read.request.body);
  for (const auto& field : head.fields) {
    const std::string& name = field.first;
    if (name == "transfer-encoding" || name == "content-length") continue;
    Require(request.headers.Joined(name) == read.request.headers.Joined(name));
  }
}

// Nothing that a client sends makes lines of its own in the answer.
void CheckAnswer(const HttpRequest& request) {
  const RequestName name = NameRequest(request.headers);
  Require(name.id.empty() || IsRequestId(name.id));
  Require(name.id.empty() == (name.number != 0));
  HttpResponse response;
  std::string head;
  WriteResponseHead(response, ConnectionField::kClose, "now", name, &head);
  Require(std::count(head.begin(), head.end(), '\n') == 8 && head.ends_with("\r\n\r\n"));
  Require(std::count(head.begin(), head.end(), '\r') == 8);
}

void CheckHost(std::string_view host) {
  static const AllowedHosts& usual = *new AllowedHosts();
  static const AllowedHosts& more = *new AllowedHosts({"kache.example.com"});
  static const AllowedHosts& any = *new AllowedHosts({"*"});
  const bool allowed = usual.Allows(host);
  Require(usual.Allows(absl::AsciiStrToUpper(ToAbsl(host))) == allowed);
  Require(!allowed || more.Allows(host));
  Require(any.Allows(host));
}

void CheckRequest(const ReadRequest& read, std::string_view sent) {
  const HttpRequest& request = read.request;
  CheckAnswer(request);
  if (const auto host = request.headers.Find("Host")) CheckHost(*host);
  const NaiveHead head = ReadNaively(sent.substr(read.begin));
  Require(request.target == head.target);
  Require((request.method == HttpMethod::kOther) || HttpMethodName(request.method) == head.method);
  if (head.has_folds) return;
  for (const auto& [name, value] : Joined(head)) Require(request.headers.Joined(name) == value);
  CheckFramingOf(read, head);
  CheckRoundTrip(read, head);
}

void RequireEqual(const ReadRequest& a, const ReadRequest& b) {
  Require(a.begin == b.begin && a.keep_alive == b.keep_alive && a.chunked == b.chunked);
  Require(a.request.method == b.request.method && a.request.target == b.request.target);
  Require(a.request.body == b.request.body);
  Require(a.request.headers.memory_bytes() == b.request.headers.memory_bytes());
  Require(a.request.headers.Joined("Host") == b.request.headers.Joined("Host"));
}

// The cut decides how early a wrong request is refused, and how a head counts that is just as large
// as it may be. It never makes other requests of the same bytes.
void RequireSameRequests(const Connection& a, const Connection& b) {
  const size_t common = std::min(a.requests.size(), b.requests.size());
  for (size_t i = 0; i < common; ++i) RequireEqual(a.requests[i], b.requests[i]);
  if (a.requests.size() > common) Require(b.refusal == 431);
  if (b.requests.size() > common) Require(a.refusal == 431);
}

}  // namespace
}  // namespace kache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const kache::Connection whole = kache::Read(bytes, SIZE_MAX);
  for (const kache::ReadRequest& read : whole.requests) kache::CheckRequest(read, bytes);
  for (const size_t portion : {1, 7}) {
    kache::RequireSameRequests(kache::Read(bytes, portion), whole);
  }
  kache::CheckHost(bytes);
  return 0;
}
