#include "gateway/web/web_file.h"

namespace kache::gateway {

const WebFile* FindWebFile(std::string_view name) {
  for (const WebFile& file : WebFiles()) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

}  // namespace kache::gateway
