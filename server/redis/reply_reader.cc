#include "server/redis/reply_reader.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>
#include <utility>

namespace kache::redis {

struct ReplyReader::State {
  struct Free {
    void operator()(redisReader* unused) const { redisReaderFree(unused); }
  };
  std::unique_ptr<redisReader, Free> reader;
  size_t max_reply_bytes = 0;
  std::string_view unfed;     // given by Feed, not yet by us to hiredis
  Reply root;                 // being built
  size_t bytes_of_reply = 0;  // on the wire since the last whole reply, and for its values
  const char* error = nullptr;
};

namespace {

// hiredis moves its buffer's rest to the front after each KiB of replies: small portions keep
// that move cheap. A reply longer than a portion gets all that has come.
constexpr size_t kPortion = 4096;
// hiredis gives up a buffer larger than this when it is empty; kept smaller ones save a malloc for
// each read.
constexpr size_t kKeptBuffer = size_t{256} << 10;
constexpr size_t kMaxLine = size_t{64} << 10;
constexpr int kMaxNesting = 7;
constexpr size_t kReservedElements = 1024;

ReplyReader::State& StateOf(const redisReadTask* task);

// The place of the value that `task` describes: the root, or a new last element of its array. An
// array's elements grow only while none of them is being built, so pointers to them stay good.
Reply* Place(const redisReadTask* task, Reply::Type type) {
  StateOf(task).bytes_of_reply += sizeof(Reply);
  Reply* place;
  if (task->parent == nullptr) {
    place = &StateOf(task).root;
    *place = Reply();
  } else {
    place = &static_cast<Reply*>(task->parent->obj)->elements.emplace_back();
  }
  place->type = type;
  return place;
}

void* Refuse(const redisReadTask* task, const char* why) {
  StateOf(task).error = why;
  return nullptr;  // makes hiredis stop
}

void* RefuseNewType(const redisReadTask* task) {
  return Refuse(task, "a reply type of RESP3, which was not asked for");
}

void* CreateString(const redisReadTask* task, char* text, size_t size) {
  Reply::Type type;
  switch (task->type) {
    case REDIS_REPLY_STRING:
      type = Reply::Type::kString;
      break;
    case REDIS_REPLY_STATUS:
      type = Reply::Type::kStatus;
      break;
    case REDIS_REPLY_ERROR:
      type = Reply::Type::kError;
      break;
    default:
      return RefuseNewType(task);
  }
  Reply* reply = Place(task, type);
  reply->text.assign(text, size);
  return reply;
}

// `Count` is int in hiredis 0.14 and size_t in 1.x.
template <typename Count>
void* CreateArray(const redisReadTask* task, Count count) {
  if (task->type != REDIS_REPLY_ARRAY) return RefuseNewType(task);
  int depth = 1;
  for (const redisReadTask* outer = task->parent; outer != nullptr; outer = outer->parent) ++depth;
  if (depth > kMaxNesting) return Refuse(task, "arrays nested too deep");
  Reply* reply = Place(task, Reply::Type::kArray);
  // A length is only a claim: memory comes with the elements.
  reply->elements.reserve(std::min(static_cast<size_t>(count), kReservedElements));
  return reply;
}

void* CreateInteger(const redisReadTask* task, long long value) {
  Reply* reply = Place(task, Reply::Type::kInteger);
  reply->integer = value;
  return reply;
}

void* CreateNil(const redisReadTask* task) { return Place(task, Reply::Type::kNil); }

[[maybe_unused]] void* CreateDouble(const redisReadTask* task, double, char*, size_t) {
  return RefuseNewType(task);
}

[[maybe_unused]] void* CreateBool(const redisReadTask* task, int) { return RefuseNewType(task); }

void FreeNothing(void*) {}  // values belong to State::root

// A template because hiredis 0.14's table lacks some members.
template <typename Table>
Table MakeTable() {
  Table table{};
  table.createString = CreateString;
  table.createArray = CreateArray;
  table.createInteger = CreateInteger;
  table.createNil = CreateNil;
  table.freeObject = FreeNothing;
  if constexpr (requires(Table & newer) { newer.createDouble; }) table.createDouble = CreateDouble;
  if constexpr (requires(Table & newer) { newer.createBool; }) table.createBool = CreateBool;
  return table;
}

ReplyReader::State& StateOf(const redisReadTask* task) {
  return *static_cast<ReplyReader::State*>(task->privdata);
}

// Looks at the start of an incomplete reply, so that a broken stream is noticed before it has been
// buffered: null, or what is wrong with it.
const char* FaultOfIncomplete(const redisReader& reader, size_t max_reply_bytes) {
  const std::string_view rest(reader.buf + reader.pos, reader.len - reader.pos);
  const std::string_view start = rest.substr(0, kMaxLine);
  const size_t line_end = start.find("\r\n");
  if (line_end == start.npos) return rest.size() > kMaxLine ? "a line without an end" : nullptr;
  // The type byte has been taken. Of all the types only a bulk string waits behind a whole line,
  // which is its length.
  int64_t length = 0;
  std::from_chars(start.data(), start.data() + line_end, length);
  return length > static_cast<int64_t>(max_reply_bytes) ? "a value too long" : nullptr;
}

}  // namespace

ReplyReader::ReplyReader(size_t max_reply_bytes) : state_(std::make_unique<State>()) {
  static redisReplyObjectFunctions table = MakeTable<redisReplyObjectFunctions>();
  state_->reader.reset(redisReaderCreateWithFunctions(&table));
  if (state_->reader == nullptr) throw std::bad_alloc();
  state_->reader->privdata = state_.get();
  state_->reader->maxbuf = kKeptBuffer;
  state_->max_reply_bytes = max_reply_bytes;
}

ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::Feed(std::string_view bytes) { state_->unfed = bytes; }

ReplyReader::Result ReplyReader::Next(Reply& reply) {
  State& state = *state_;
  redisReader& reader = *state.reader;
  if (state.error != nullptr) return Result::kBroken;
  while (true) {
    void* whole = nullptr;
    if (redisReaderGetReply(&reader, &whole) != REDIS_OK) {
      if (state.error == nullptr) state.error = "bytes that are no reply";
      return Result::kBroken;
    }
    if (whole != nullptr) {
      state.bytes_of_reply = reader.len - reader.pos;
      reply = std::move(state.root);
      return Result::kReply;
    }
    if (state.bytes_of_reply > state.max_reply_bytes) state.error = "a reply too long";
    if (reader.len > reader.pos && state.error == nullptr) {
      state.error = FaultOfIncomplete(reader, state.max_reply_bytes);
    }
    if (state.error != nullptr) return Result::kBroken;
    if (state.unfed.empty()) return Result::kMore;
    const bool long_reply = reader.len - reader.pos >= kPortion;
    const size_t portion = long_reply ? state.unfed.size() : std::min(state.unfed.size(), kPortion);
    if (redisReaderFeed(&reader, state.unfed.data(), portion) != REDIS_OK) throw std::bad_alloc();
    state.bytes_of_reply += portion;
    state.unfed.remove_prefix(portion);
  }
}

std::string_view ReplyReader::error() const {
  return state_->error == nullptr ? std::string_view() : std::string_view(state_->error);
}

}  // namespace kache::redis
