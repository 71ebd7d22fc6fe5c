#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "base/strings.h"
#include "client/ctl/commands.h"
#include "client/ctl/locate_view.h"
#include "client/ctl/receipt_view.h"
#include "client/ctl/status_view.h"
#include "client/ctl/terminal.h"

namespace kache::ctl {
namespace {

using Kache = v1::Kache::StubInterface;

// Over the largest value that can be configured (64 MiB); the server's own limit decides.
constexpr size_t kMaxInputBytes = 65 * 1024 * 1024;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

absl::Status FileError(const std::string& name) {
  return absl::NotFoundError(Concat(name, ": ", std::strerror(errno)));
}

absl::StatusOr<std::string> ReadAll(std::FILE* file, const std::string& name) {
  std::string bytes;
  char block[64 * 1024];
  while (const size_t count = std::fread(block, 1, sizeof(block), file)) {
    bytes.append(block, count);
    if (bytes.size() > kMaxInputBytes) {
      return absl::InvalidArgumentError(Concat(name, ": longer than any value may be"));
    }
  }
  if (std::ferror(file) != 0) return FileError(name);
  return bytes;
}

absl::StatusOr<std::string> InputValue(const Arguments& arguments) {
  if (arguments.value) return *arguments.value;
  if (arguments.file.empty() || arguments.file == "-") return ReadAll(stdin, "standard input");
  const File file(std::fopen(arguments.file.c_str(), "rb"));
  if (!file) return FileError(arguments.file);
  return ReadAll(file.get(), arguments.file);
}

absl::Status WriteFile(const std::string& name, const std::string& bytes) {
  File file(std::fopen(name.c_str(), "wb"));
  if (!file) return FileError(name);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  return std::fclose(file.release()) == 0 && written ? absl::OkStatus() : FileError(name);
}

// A failure, with the receipt of a write that fell short as a line of its own.
int FailWrite(const absl::Status& status, const Console& console) {
  console.Fail(status);
  if (const auto receipt = ReceiptOf(status)) {
    const std::string line = Concat("  ", WriteText("applied so far", *receipt, absl::Now()), "\n");
    std::fwrite(line.data(), 1, line.size(), console.err);
  }
  return kExitFailure;
}

int PrintReceipt(const Arguments& arguments, std::string_view done, const v1::Receipt& receipt,
                 const Console& console) {
  console.PrintLine(arguments.json ? WriteJson(arguments.key, receipt)
                                   : WriteText(done, receipt, absl::Now()));
  return kExitOk;
}

// What the node is called; empty where the server that answered the read does not say. The read
// itself has succeeded.
std::string AskNodeName(const v1::Receipt& receipt, Servers& servers) {
  v1::GetStatusResponse status;
  if (!receipt.has_node_id() ||
      !servers.AskOne(servers.answered_by(), &Kache::GetStatus, v1::GetStatusRequest(), &status)
           .ok()) {
    return "";
  }
  return std::string(NodeName(receipt.node_id(), status));
}

}  // namespace

int Get(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::GetRequest request;
  request.set_key(arguments.key);
  request.set_consistency(arguments.consistency);
  if (arguments.min_version.timestamp() != 0)
    *request.mutable_min_version() = arguments.min_version;
  v1::GetResponse response;
  const absl::Status status = servers.Ask(&Kache::Get, request, &response);
  if (!status.ok()) return console.Fail(status);
  if (arguments.json) {
    console.PrintLine(GetJson(arguments.key, response, AskNodeName(response.receipt(), servers)));
  } else if (!response.found()) {
    std::fprintf(console.err, "kachectl: %s: not found\n", Printable(arguments.key).c_str());
  } else if (!arguments.file.empty()) {
    const absl::Status written = WriteFile(arguments.file, response.value());
    if (!written.ok()) return console.Fail(written);
  } else {
    console.Print(response.value());
    // The prompt of a shell belongs on a line of its own; a pipe gets the value's bytes alone.
    if (console.is_terminal) console.Print("\n");
  }
  return response.found() ? kExitOk : kExitNotFound;
}

int Put(const Arguments& arguments, Servers& servers, const Console& console) {
  absl::StatusOr<std::string> value = InputValue(arguments);
  if (!value.ok()) return console.Fail(value.status());
  v1::PutRequest request;
  request.set_key(arguments.key);
  request.set_value(*std::move(value));
  request.set_consistency(arguments.consistency);
  if (arguments.ttl) request.set_ttl_ms(absl::ToInt64Milliseconds(*arguments.ttl));
  v1::PutResponse response;
  const absl::Status status = servers.Write(&Kache::Put, std::move(request), &response);
  if (!status.ok()) return FailWrite(status, console);
  return PrintReceipt(arguments, "stored", response.receipt(), console);
}

int Touch(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::TouchRequest request;
  request.set_key(arguments.key);
  request.set_consistency(arguments.consistency);
  if (arguments.ttl) request.set_ttl_ms(absl::ToInt64Milliseconds(*arguments.ttl));
  v1::TouchResponse response;
  const absl::Status status = servers.Write(&Kache::Touch, std::move(request), &response);
  if (!status.ok()) return FailWrite(status, console);
  if (arguments.json) {
    console.PrintLine(TouchJson(arguments.key, response));
  } else if (response.found()) {
    console.PrintLine(WriteText("touched", response.receipt(), absl::Now()));
  } else {
    std::fprintf(console.err, "kachectl: %s: not found\n", Printable(arguments.key).c_str());
  }
  return response.found() ? kExitOk : kExitNotFound;
}

int Delete(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::DeleteRequest request;
  request.set_key(arguments.key);
  request.set_consistency(arguments.consistency);
  v1::DeleteResponse response;
  const absl::Status status = servers.Write(&Kache::Delete, std::move(request), &response);
  if (!status.ok()) return FailWrite(status, console);
  // A tombstone's end is no business of the caller's.
  v1::Receipt receipt = response.receipt();
  receipt.clear_expires_at_unix_ms();
  return PrintReceipt(arguments, "deleted", receipt, console);
}

int Locate(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::LocateRequest request;
  request.set_key(arguments.key);
  v1::LocateResponse place;
  absl::Status status = servers.Ask(&Kache::Locate, request, &place);
  if (!status.ok()) return console.Fail(status);
  v1::GetStatusResponse ring;
  status = servers.AskOne(servers.answered_by(), &Kache::GetStatus, v1::GetStatusRequest(), &ring);
  if (!status.ok()) return console.Fail(status);
  if (arguments.json) {
    console.PrintLine(LocateJson(arguments.key, place, ring));
  } else {
    console.Print(LocateText(arguments.key, place, ring, absl::Now(), console.colour));
  }
  return kExitOk;
}

}  // namespace kache::ctl
