#include "api/incoming.h"

#include "base/bytes.h"
#include "base/log.h"
#include "sys/crash_point.h"
#include "wire/auth_words.h"
#include "wire/route.h"

namespace mdlc::api {
namespace {

using wire::protocol;

// Stand-ins for services that we do not have, so that the refusal comes in a form that their clients read.
constexpr wire::service unknown_json{
    .name = "", .id = "", .signing_name = "", .speaks = protocol::json, .json_version = "1.1", .api_version = ""};
constexpr wire::service unknown_query{
    .name = "", .id = "", .signing_name = "", .speaks = protocol::query, .api_version = ""};
constexpr wire::service unknown_rest{
    .name = "", .id = "", .signing_name = "", .speaks = protocol::rest_xml, .api_version = ""};

const wire::service& stand_in(const wire::request& r) {
  auto type = r.headers.get("Content-Type");
  if (type.find("json") != std::string_view::npos) return unknown_json;
  return type.starts_with("application/x-www-form-urlencoded") ? unknown_query : unknown_rest;
}

bool is_rest(const wire::service& s) { return s.speaks == protocol::rest_json || s.speaks == protocol::rest_xml; }

const wire::member* payload_of(const wire::operation& op) {
  for (const auto& m : op.input->members)
    if (m.name == op.input->payload) return &m;
  return nullptr;
}

bool is_streamed(const wire::operation& op) {
  const auto* payload = payload_of(op);
  return payload && payload->target->streaming;
}

size_t body_limit(const wire::service& s, const wire::operation* op) {
  switch (s.speaks) {
    case protocol::query:
      return max_query_body_bytes;
    case protocol::rest_xml:
      return max_xml_body_bytes;
    case protocol::rest_json: {
      const auto* payload = op ? payload_of(*op) : nullptr;
      return payload && payload->target->type == wire::kind::blob ? max_invoke_body_bytes : max_function_body_bytes;
    }
    case protocol::json:
      break;
  }
  return max_json_body_bytes;
}

wire::refusal too_large(const wire::service& s, const wire::operation* op) {
  switch (s.speaks) {
    case protocol::query:
      return {"RequestEntityTooLarge", "Request entity too large", 413};
    case protocol::rest_xml:
      return {"MaxMessageLengthExceeded", "Your request was too big.", 400};
    case protocol::rest_json: {
      if (s.name == "sagemaker_runtime")
        return {"413", fmt::format("HTTP content length exceeded {} bytes.", body_limit(s, op)), 413};
      auto name = op ? op->name : std::string_view{};
      return {"RequestTooLargeException",
              fmt::format("Request must be smaller than {} bytes for the {} operation", body_limit(s, op),
                          name == "Invoke" ? "InvokeFunction" : name),
              413};
    }
    case protocol::json:
      break;
  }
  return {"RequestEntityTooLargeException", "Request entity too large", 413};
}

// How each service calls what is its own fault.
wire::refusal in_words_of(const wire::service& s, const error& e) {
  if (!e.is_internal) return {e.code, e.message, e.status, e.members};
  if (s.speaks == protocol::rest_xml)
    return {"InternalError", "We encountered an internal error. Please try again.", 500};
  if (s.name == "dynamodb") return {"InternalServerError", e.message, 500};
  return {s.speaks == protocol::rest_json ? "ServiceException" : e.code, e.message, 500};
}

}  // namespace

// A streamed payload on its way into a blob.
class incoming::upload : public http::body_sink {
 public:
  upload(std::unique_ptr<wire::payload> payload, std::unique_ptr<blob::writer> writer)
      : payload_(std::move(payload)), writer_(std::move(writer)) {}

  base::result<void> write(std::string_view bytes) override {
    auto ok = payload_->feed(bytes, [&](std::string_view proper) -> checked {
      auto written = writer_->write(proper);
      if (written) return {};
      failure_ = written.error().message;
      return tl::unexpected(wire::refusal{});
    });
    if (ok) return {};
    refusal_ = std::move(ok).error();
    return base::fail("refused");
  }

  // The blob, durable, and what it adds up to; or why not.
  answer<std::pair<blob::ref, wire::digests>> finish() {
    auto digests = payload_->finish();
    if (!digests) return tl::unexpected(as_error(digests.error()));
    auto ref = writer_->finish();
    if (!ref) return tl::unexpected(internal_error(ref.error().message));
    return std::pair{*std::move(ref), *std::move(digests)};
  }

  error failure() const { return failure_.empty() ? as_error(refusal_) : internal_error(failure_); }

 private:
  static error as_error(const wire::refusal& r) { return {r.code, r.message, r.status, r.members}; }

  std::unique_ptr<wire::payload> payload_;
  std::unique_ptr<blob::writer> writer_;
  wire::refusal refusal_;
  std::string failure_;
};

incoming::incoming(host& h, std::span<const wire::service* const> services, std::shared_ptr<http::exchange> exchange)
    : h_(h),
      exchange_(std::move(exchange)),
      request_(exchange_->head()),
      request_id_(h.env.uuid()),
      host_id_(base::to_base64(base::sha256(request_id_))),
      signature_(wire::read_signature(request_)),
      service_(wire::find_service(services, request_, signature_ ? signature_->service : std::string{})),
      match_(tl::unexpected(wire::refusal{})) {
  bool known = service_ && (!signature_ || signature_->service == service_->signing_name);
  if (!known) service_ = &stand_in(request_);
  if (is_rest(*service_)) match_ = wire::find_operation(*service_, request_, wire::path_with_bucket(request_));
}

// A step on the pool; what escapes it is answered with a 500.
void incoming::post(void (incoming::*step)()) {
  h_.pool.post([self = shared_from_this(), step] {
    try {
      (self.get()->*step)();
    } catch (const std::exception& e) {
      self->send_error(internal_error(e.what()));
    }
  });
}

void incoming::start() {
  bool streamed = is_rest(*service_) && match_ && is_streamed(*match_->op);
  if (streamed) return post(&incoming::open_upload);
  const auto* op = match_ ? match_->op : nullptr;
  exchange_->read_body(body_limit(*service_, op),
                       [self = shared_from_this(), op](http::body_end end, std::string body) {
                         if (end.end == http::body_end::how::too_large)
                           return self->refuse(too_large(*self->service_, op));
                         if (end.end != http::body_end::how::complete) return;
                         self->request_.body = std::move(body);
                         self->post(&incoming::process);
                       });
}

void incoming::process() {
  if (auto ok = authenticate(request_.body); !ok) return refuse(ok.error());
  if (auto ok = check_body(); !ok) return refuse(ok.error());
  if (!is_rest(*service_)) match_ = wire::find_operation(*service_, request_, request_.path);
  if (!match_) return refuse(match_.error());
  run();
}

incoming::checked incoming::authenticate(std::string_view body) {
  auto denied = [&](const wire::auth_error& e) {
    return tl::unexpected(wire::in_words(e, service_->speaks, signature_ ? signature_->access_key : std::string{}));
  };
  if (!signature_) return denied(signature_.error());
  auto signer = h_.find_signer(signature_->access_key, signature_->session_token);
  if (!signer) return denied(signer.error());
  auto hash = wire::payload_hash(request_, *signature_, body);
  if (auto ok = wire::check_signature(request_, *signature_, signer->secret_key, hash, h_.env.now()); !ok)
    return denied(ok.error());
  signer_ = *std::move(signer);
  if (service_->name.empty()) {
    auto unknown = wire::unknown_operation(*service_, signature_->service);
    unknown.message = fmt::format("The service '{}' is not served here.", signature_->service);
    return tl::unexpected(std::move(unknown));
  }
  return {};
}

// The digest that was signed must be the body's. (S3 has more to say about its bodies.)
incoming::checked incoming::check_body() {
  if (service_->speaks == protocol::rest_xml) return check_xml_body();
  auto declared = request_.headers.get("X-Amz-Content-Sha256");
  if (declared.empty() || declared == wire::unsigned_payload) return {};
  if (base::to_hex(base::sha256(request_.body)) == declared) return {};
  return tl::unexpected(wire::in_words({wire::auth_failure::mismatch}, service_->speaks));
}

incoming::checked incoming::check_xml_body() {
  if (match_ && match_->op->checksum_required && !wire::declares_checksum(request_))
    return tl::unexpected(wire::refusal{
        "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*", 400});
  auto payload = wire::payload::make(request_, *signature_, wire::signing_key(signer_.secret_key, *signature_),
                                     static_cast<int64_t>(max_xml_body_bytes));
  if (!payload) return tl::unexpected(payload.error());
  std::string proper;
  auto fed = (*payload)->feed(request_.body, [&](std::string_view bytes) -> checked {
    proper += bytes;
    return {};
  });
  if (!fed) return fed;
  if (auto digests = (*payload)->finish(); !digests) return tl::unexpected(digests.error());
  request_.body = std::move(proper);
  return {};
}

void incoming::open_upload() {
  if (auto ok = authenticate({}); !ok) return refuse(ok.error());
  bool sized = exchange_->announced_length() >= 0 || request_.headers.has("X-Amz-Decoded-Content-Length");
  if (!sized) return refuse({"MissingContentLength", "You must provide the Content-Length HTTP header.", 411});
  if (exchange_->announced_length() > max_streamed_body_bytes + static_cast<int64_t>(max_xml_body_bytes))
    return refuse({"EntityTooLarge",
                   "Your proposed upload exceeds the maximum allowed size",
                   400,
                   {{"ProposedSize", exchange_->announced_length()}, {"MaxSizeAllowed", max_streamed_body_bytes}}});
  auto payload = wire::payload::make(request_, *signature_, wire::signing_key(signer_.secret_key, *signature_),
                                     max_streamed_body_bytes);
  if (!payload) return refuse(payload.error());
  auto writer = h_.blobs.stage();
  if (!writer) return send_error(internal_error(writer.error().message));
  upload_ = std::make_shared<upload>(*std::move(payload), *std::move(writer));
  exchange_->stream_body(upload_, [self = shared_from_this()](http::body_end end) {
    if (end.end == http::body_end::how::sink_failed) return self->send_error(self->upload_->failure());
    if (end.end == http::body_end::how::complete) self->post(&incoming::close_upload);
  });
}

void incoming::close_upload() {
  auto stored = upload_->finish();
  if (!stored) return send_error(stored.error());
  upload_.reset();
  stored_ = *std::move(stored);
  run();
}

void incoming::run() {
  if (!h_.operations.find(service_->name, match_->op->name))
    return refuse(wire::unknown_operation(*service_, match_->op->name));
  if (service_->speaks == protocol::rest_xml) wire::remove_framing(request_);
  auto input = wire::decode(*service_, *match_, request_);
  if (!input) return refuse(input.error());
  input_ = *std::move(input);
  if (is_waiter(request_.headers.get("User-Agent")))
    waits_until_ = h_.env.now() + std::chrono::milliseconds{waiter_patience_ms};
  ask();
}

void incoming::ask() {
  context c;
  c.scope = {signer_.account, service_->has_region ? signature_->region : std::string{base::default_region}};
  c.principal = signer_.principal;
  c.principal_id = signer_.principal_id;
  c.request_id = request_id_;
  c.trace_header = request_.headers.get("X-Amzn-Trace-Id");
  call_ = std::make_shared<api::call>(h_.db, std::move(c));
  if (stored_) {
    auto& [ref, digests] = *stored_;
    call_->body = std::move(ref);
    call_->body_digests = {std::move(digests.md5), std::string{wire::name_of(digests.kind)},
                           std::move(digests.checksum), digests.declared};
  }
  call_->watch_client = [exchange = std::weak_ptr{exchange_}](std::function<void()> gone) {
    if (auto alive = exchange.lock()) alive->when_gone(std::move(gone));
  };
  h_.operations.invoke(*h_.operations.find(service_->name, match_->op->name), call_, input_,
                       [self = shared_from_this()](const answer<json::value>& given) {
                         if (!self->ask_again_later(given)) self->finish(given);
                       });
}

bool incoming::ask_again_later(const answer<json::value>& given) {
  const auto now = h_.env.now();
  if (now >= waits_until_ || !given || !is_under_way(service_->name, match_->op->name, *given)) return false;
  h_.timers.at(now + std::chrono::milliseconds{pause_ms_}, [self = shared_from_this()] { self->post(&incoming::ask); });
  pause_ms_ = std::min(2 * pause_ms_, waiter_longest_pause_ms);
  return true;
}

void incoming::finish(const answer<json::value>& given) {
  if (!given) {
    auto out = wire::encode_error(*service_, match_->op, in_words_of(*service_, given.error()), ids());
    for (const auto& [name, value] : call_->reply.headers) out.headers.set(name, value);
    return send(std::move(out));
  }
  auto out = wire::encode(*service_, *match_->op, *given, ids());
  if (call_->reply.status != 0) out.status = call_->reply.status;
  for (const auto& [name, value] : call_->reply.headers) out.headers.set(name, value);
  if (call_->committed()) sys::crash_point("api.before_answer");
  send(std::move(out), std::move(call_->reply.body));
}

void incoming::send_error(const error& e) {
  if (e.is_internal) base::log::error("request {} to {} failed: {}", request_id_, service_->name, e.reason);
  refuse(in_words_of(*service_, e));
}

void incoming::refuse(const wire::refusal& r) {
  send(wire::encode_error(*service_, match_ ? match_->op : nullptr, r, ids()));
}

void incoming::send(wire::answer out, std::optional<blob::slice> body) {
  http::reply reply{out.status, std::move(out.headers), std::move(out.body), out.head_length};
  if (body) {
    auto kept = std::make_shared<const blob::slice>(*std::move(body));
    reply.body = http::file_part{kept, kept->fd(), kept->offset(), kept->count()};
  }
  exchange_->answer(std::move(reply));
}

}  // namespace mdlc::api
