#include "services/sagemaker/service.h"

#include "base/log.h"
#include "services/sagemaker/endpoints.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/schema.h"

namespace mdlc::services::sagemaker {
namespace {

// Folders of jobs that ended, or whose row never became durable: a crash came between.
void sweep(const sys::path& folder, const std::set<std::string>& open) {
  std::error_code error;
  std::vector<sys::path> stale;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (!open.contains(at->path().filename().string())) stale.push_back(at->path());
  for (const auto& f : stale) std::filesystem::remove_all(f, error);
}

}  // namespace

service::service(api::host& h)
    : host(h),
      images(h.data_folder),
      jobs(*this),
      tunings(*this),
      serving_(std::make_unique<endpoints>(*this)),
      serving_endpoints(*serving_) {}
service::~service() { stop(); }

void service::stop() {
  serving_endpoints.stop();
  tunings.stop();
  jobs.stop();
}

sys::path service::folder_of(const job& j) const {
  return host.data_folder / "jobs" / fmt::format("{}", name_of(j.key.what)) / j.id;
}

void service::resume() {
  const auto open = host.db.read([](store::reader& r) { return open_jobs(r); });
  std::set<std::string> ids;
  for (const auto& j : open) ids.insert(j.id);
  for (auto k : all_kinds) sweep(host.data_folder / "jobs" / fmt::format("{}", name_of(k)), ids);
  // Those whose programs may be running come before those that still wait.
  for (const auto& j : open)
    if (j.at != phase::queued) jobs.submit(j.key);
  for (const auto& j : open)
    if (j.at == phase::queued) jobs.submit(j.key);
  tunings.resume();
  if (!open.empty()) base::log::info("sagemaker: {} jobs taken up again", open.size());
  serving_endpoints.resume();
}

std::unique_ptr<api::service> make(api::host& host) {
  if (auto migrated = host.db.migrate("sagemaker", tables()); !migrated) throw store::failure(migrated.error().message);
  auto made = std::make_unique<service>(host);
  auto& self = *made;
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_SAGEMAKER_OPERATIONS));
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_SAGEMAKER_ENDPOINT_OPERATIONS));
  sagemaker_runtime::add_operations(host.operations, self.serving_endpoints);
  return made;
}

}  // namespace mdlc::services::sagemaker
