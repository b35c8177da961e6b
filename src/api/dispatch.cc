#include "api/dispatch.h"

#include "api/incoming.h"

namespace mdlc::api {
namespace {

constexpr std::string_view health_path = "/_mdlc/health";

}  // namespace

struct dispatcher::state {
  host& h;
  const std::vector<const wire::service*> services;
};

dispatcher::dispatcher(host& h) : state_(std::make_shared<state>(state{h, h.operations.services()})) {}
dispatcher::~dispatcher() = default;

bool dispatcher::answer_health(http::exchange& exchange) {
  std::string_view target = exchange.head().target;
  if (target.substr(0, target.find('?')) != health_path) return false;
  exchange.answer({200, {{"Content-Type", "application/json"}}, std::string{R"({"status":"running"})"}});
  return true;
}

void dispatcher::handle(std::shared_ptr<http::exchange> exchange) {
  if (answer_health(*exchange)) return;
  std::make_shared<incoming>(state_->h, state_->services, std::move(exchange))->start();
}

}  // namespace mdlc::api
