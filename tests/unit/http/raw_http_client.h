// An HTTP client for tests that shows every byte: it sends what it is told, and reads answers
// without being clever about them.
#ifndef KACHE_TESTS_UNIT_HTTP_RAW_HTTP_CLIENT_H_
#define KACHE_TESTS_UNIT_HTTP_RAW_HTTP_CLIENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kache {

struct RawResponse {
  int status = 0;                              // 0 = the connection ended before a whole answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string Header(const std::string& lower_case_name) const;
};

class RawHttpClient {
 public:
  // Connects to 127.0.0.1, from 127.0.0.`from`. All waits end after 10 s.
  explicit RawHttpClient(uint16_t port, uint8_t from = 1);
  ~RawHttpClient();
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;

  // False when the other side no longer takes bytes.
  bool Send(std::string_view bytes);
  // One answer. `to_head`: it has no body whatever Content-Length says.
  RawResponse Receive(bool to_head = false);
  // True when the server has ended the connection and no byte is left.
  bool AtEnd();
  // Says that nothing more will be sent.
  void ShutdownSend();
  // Sends a request with Host and Content-Length and reads the answer.
  RawResponse Ask(std::string_view method, std::string_view target, std::string_view body = "",
                  std::string_view headers = "");

 private:
  bool Fill();

  int socket_;
  std::string buffer_;
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_HTTP_RAW_HTTP_CLIENT_H_
