// Inside api/ only: a request on its way to its operation and back.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "api/dispatch.h"
#include "api/waiter.h"
#include "base/time.h"
#include "http/server.h"
#include "wire/codec.h"
#include "wire/payload.h"

namespace mdlc::api {

class incoming : public std::enable_shared_from_this<incoming> {
 public:
  incoming(host&, std::span<const wire::service* const>, std::shared_ptr<http::exchange>);

  // On a socket thread: finds the service, and how its body is read. The rest is the pool's.
  void start();

 private:
  class upload;
  using checked = base::result<void, wire::refusal>;

  void post(void (incoming::*step)());
  void process();
  void open_upload();
  void close_upload();
  checked authenticate(std::string_view body);
  checked check_body();
  checked check_xml_body();
  void run();
  void ask();
  bool ask_again_later(const answer<json::value>&);
  void finish(const answer<json::value>&);
  void send_error(const error&);
  void refuse(const wire::refusal&);
  void send(wire::answer, std::optional<blob::slice> body = {});
  wire::ids ids() const { return {request_id_, host_id_}; }

  host& h_;
  std::shared_ptr<http::exchange> exchange_;
  wire::request request_;
  const std::string request_id_;
  const std::string host_id_;
  base::result<wire::signature, wire::auth_error> signature_;
  const wire::service* service_;
  base::result<wire::match, wire::refusal> match_;  // early for REST, else once the body is there
  api::signer signer_;
  std::shared_ptr<upload> upload_;
  std::optional<std::pair<blob::ref, wire::digests>> stored_;
  std::shared_ptr<api::call> call_;
  // What was asked, for a waiter that is answered later; see waiter.h.
  json::value input_;
  base::time_point waits_until_{};  // none
  int pause_ms_ = waiter_first_look_ms;
};

}  // namespace mdlc::api
