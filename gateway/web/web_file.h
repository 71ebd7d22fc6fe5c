// What browsers and tools are served: the files of this folder, built into the program, so that it
// needs no files beside it. cmake/embed_files.cmake makes them, gateway/CMakeLists.txt lists them.
//
// Thread-safe.
#ifndef KACHE_GATEWAY_WEB_WEB_FILE_H_
#define KACHE_GATEWAY_WEB_WEB_FILE_H_

#include <string_view>

#include "absl/types/span.h"

namespace kache::gateway {

// All of static duration.
struct WebFile {
  std::string_view name;  // its path below gateway/web, such as "assets/page.js"
  std::string_view content_type;
  std::string_view etag;  // with its quotes; changes with the content
  std::string_view bytes;
};

absl::Span<const WebFile> WebFiles();

// nullptr when there is none of that name. Looks through the whole list.
const WebFile* FindWebFile(std::string_view name);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_WEB_WEB_FILE_H_
