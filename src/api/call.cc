#include "api/call.h"

namespace mdlc::api {

void call::record_alone(const answer<json::value>& given) {
  db_.write([&](store::transaction& t) { record_(t, given); });
}

void call::record_alone(answer<json::value> given, std::function<void(answer<json::value>)> then) {
  auto kept = std::make_shared<answer<json::value>>(std::move(given));
  db_.post([record = record_, kept](store::transaction& t) { record(t, *kept); },
           [kept, then = std::move(then)](std::exception_ptr failed) {
             if (failed) return then(tl::unexpected(internal_error("the answer could not be recorded")));
             then(std::move(*kept));
           });
}

}  // namespace mdlc::api
