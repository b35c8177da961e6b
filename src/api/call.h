// One call of one operation: its context, its streamed bodies, and its single commit.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/context.h"
#include "api/error.h"
#include "blob/store.h"
#include "json/value.h"
#include "store/database.h"

namespace mdlc::api {

class call {
 public:
  // Runs in the effect's own transaction with the answer that the operation gives: how a workflow's or a stack's
  // journal records the answer together with the effect. After an error it runs too, once the effect is rolled back.
  using recorder = std::function<void(store::transaction&, const answer<json::value>&)>;

  call(store::database& db, api::context context, recorder record = {})
      : context(std::move(context)), db_(db), record_(std::move(record)) {}
  call(const call&) = delete;

  const api::context context;

  // The request's streamed payload (S3 PutObject, UploadPart), already durable as a blob no row points to yet.
  std::optional<blob::ref> body;
  // What the bytes of `body` add up to, computed as they came and found to be what the client declared.
  struct {
    std::string md5;                 // hexadecimal, as in an ETag
    std::string checksum_algorithm;  // "CRC32", "SHA256", …: the client's, CRC64NVME where it named none
    std::string checksum;            // base64
    bool checksum_declared = false;  // by the client
  } body_digests;

  // For deferred operations: `gone` is called once, on a socket thread, if the client goes before it has its answer.
  // Never for callers inside the process.
  void when_gone(std::function<void()> gone) const {
    if (watch_client) watch_client(std::move(gone));
  }
  std::function<void(std::function<void()>)> watch_client;  // set by dispatch

  // What an operation may set beside its typed answer.
  struct {
    int status = 0;                                            // another HTTP status than the model's (206)
    std::optional<blob::slice> body;                           // the answer's streamed payload
    std::vector<std::pair<std::string, std::string>> headers;  // what the model does not know
  } reply;

  store::database& db() { return db_; }

  // The one place where an operation takes effect: `work(transaction&) -> answer<Out>`, on the writer's thread, so keep
  // slow things before it. An error rolls back what `work` wrote. Returns once durable. At most once a call.
  template <class F>
  auto commit(F&& work) -> std::invoke_result_t<F, store::transaction&>;

  bool committed() const { return committed_; }
  bool has_recorder() const { return static_cast<bool>(record_); }
  // For the registry: records an answer that came without a commit (a read, a refusal) in a unit of its own.
  void record_alone(const answer<json::value>&);
  // The same without waiting, for deferred operations, whose answer may come on the writer's own thread.
  void record_alone(answer<json::value>, std::function<void(answer<json::value>)> then);

 private:
  store::database& db_;
  recorder record_;
  bool committed_ = false;
};

template <class F>
auto call::commit(F&& work) -> std::invoke_result_t<F, store::transaction&> {
  using out = std::invoke_result_t<F, store::transaction&>;
  committed_ = true;
  return db_.write([&](store::transaction& t) -> out {
    std::optional<out> result;
    t.nested([&] {
      result.emplace(work(t));
      return result->has_value();
    });
    // An internal error is no answer: the command stays open and is issued again.
    if (record_ && !(!result->has_value() && result->error().is_internal)) {
      if (result->has_value())
        record_(t, to_json(**result));  // generated beside each type, found by its namespace
      else
        record_(t, tl::unexpected(result->error()));
    }
    return std::move(*result);
  });
}

}  // namespace mdlc::api
