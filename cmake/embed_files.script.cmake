# Writes OUTPUT, the C++ source of kache_embed_files: FUNCTION of HEADER with the files NAMES
# (separated by '|') of FOLDER. The ETag is of the content, so it changes when that does.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_json "application/json")
set(type_svg "image/svg+xml")

set(arrays "")
set(entries "")
set(count 0)
string(REPLACE "|" ";" names "${NAMES}")
foreach(name IN LISTS names)
  get_filename_component(ending ${name} LAST_EXT)
  string(SUBSTRING ${ending} 1 -1 ending)
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "${name}: no content type is known for .${ending}")
  endif()
  file(READ ${FOLDER}/${name} bytes HEX)
  file(SHA256 ${FOLDER}/${name} digest)
  string(SUBSTRING ${digest} 0 16 digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${count}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${name}\", \"${type_${ending}}\", \"\\\"${digest}\\\"\", "
         "Text(kFile${count}, sizeof kFile${count})},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace kache::gateway {
namespace {

${arrays}
std::string_view Text(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

absl::Span<const WebFile> ${FUNCTION}() {
  static const WebFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace kache::gateway
")
