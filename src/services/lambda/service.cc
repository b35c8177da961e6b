#include "services/lambda/service.h"

#include "base/log.h"
#include "services/lambda/operations.h"
#include "services/lambda/schema.h"

namespace mdlc::services::lambda {

service::service(api::host& h)
    : host(h),
      codes(h.data_folder / "functions", h.env),
      logs(h),
      functions(h, codes, logs),
      events(h, versions, functions) {
  if (const auto ok = host.db.migrate("lambda", migrations); !ok) base::log::stop_process(ok.error().message);
  service& self = *this;
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_LAMBDA_OPERATIONS));
}

void service::resume() {
  events.resume();
  host.pool.post([this] { sweep_code(); });
}

void service::stop() {
  events.stop();
  functions.stop();
  logs.flush();
}

// Code of deleted functions and replaced versions.
void service::sweep_code() {
  codes.sweep([this](const std::string& sha256) {
    return functions.uses(sha256) || host.db.read([&](store::reader& r) {
      return r.first("SELECT 1 FROM lambda_versions WHERE code = ?1 LIMIT 1", {sha256}).has_value();
    });
  });
  host.timers.at(host.env.now() + code_grace, [this] { host.pool.post([this] { sweep_code(); }); });
}

std::unique_ptr<api::service> make(api::host& host) { return std::make_unique<service>(host); }

}  // namespace mdlc::services::lambda
