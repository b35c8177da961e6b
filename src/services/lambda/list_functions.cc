// Lists of functions and versions, page by page; the marker is where the last page ended.
#include "base/bytes.h"
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

constexpr int64_t page_entries = 50;

api::answer<std::string> read_marker(const std::optional<std::string>& marker) {
  if (!marker || marker->empty()) return std::string{};
  auto text = base::from_base64(*marker);
  if (!text) return invalid_value("Invalid Marker value");
  return *std::move(text);
}

version read_version(const base::scope& scope, const store::row& row) {
  version v{scope, row.text(0), row.integer(1), row.text(2), row.text(3), {}};
  from_json(json::parse(row.text(4)).value(), v.about);
  return v;
}

int64_t page_size(const std::optional<int64_t>& wanted) {
  return std::min(wanted.value_or(page_entries), page_entries);
}

}  // namespace

api::answer<model::ListFunctionsResponse> list_functions(service& s, api::call& c,
                                                         const model::ListFunctionsRequest& in) {
  MDLC_TRY(const auto after, read_marker(in.Marker));
  const auto slash = after.find("/");
  const auto after_name = after.substr(0, slash);
  const int64_t after_version = slash == std::string::npos ? -1 : std::atoll(after.c_str() + slash + 1);
  const auto limit = page_size(in.MaxItems);
  const bool all = in.FunctionVersion == "ALL";
  const auto& scope = c.context.scope;
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListFunctionsResponse> {
    const auto rows = r.query(
        fmt::format("SELECT name, version, revision, code, configuration FROM lambda_versions WHERE account = ?1 AND "
                    "region = ?2 AND (name > ?3 OR (name = ?3 AND version > ?4)){} ORDER BY name, version LIMIT ?5",
                    all ? "" : " AND version = 0"),
        {scope.account, scope.region, after_name, after_version, limit + 1});
    model::ListFunctionsResponse out;
    auto& listed = out.Functions.emplace();
    for (const auto& row : rows) {
      if (static_cast<int64_t>(listed.size()) == limit) {
        const auto& last = listed.back();
        const auto number = last.Version == latest ? "0" : *last.Version;
        out.NextMarker = base::to_base64(fmt::format("{}/{}", *last.FunctionName, number));
        break;
      }
      const auto v = read_version(scope, row);
      listed.push_back(v.shown(all ? v.label() : ""));
    }
    return out;
  });
}

api::answer<model::ListVersionsByFunctionResponse> list_versions_by_function(
    service& s, api::call& c, const model::ListVersionsByFunctionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  MDLC_TRY(const auto after, read_marker(in.Marker));
  const int64_t after_version = after.empty() ? -1 : std::atoll(after.c_str());
  const auto limit = page_size(in.MaxItems);
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListVersionsByFunctionResponse> {
    MDLC_CHECK(need_function(r, name));
    const auto rows = r.query(
        "SELECT name, version, revision, code, configuration FROM lambda_versions WHERE account = ?1 AND region = ?2 "
        "AND name = ?3 AND version > ?4 ORDER BY version LIMIT ?5",
        {name.scope.account, name.scope.region, name.name, after_version, limit + 1});
    model::ListVersionsByFunctionResponse out;
    auto& listed = out.Versions.emplace();
    int64_t last = 0;
    for (const auto& row : rows) {
      if (static_cast<int64_t>(listed.size()) == limit) {
        out.NextMarker = base::to_base64(std::to_string(last));
        break;
      }
      const auto v = read_version(name.scope, row);
      listed.push_back(v.shown(v.label()));
      last = v.number;
    }
    return out;
  });
}

api::answer<model::GetAccountSettingsResponse> get_account_settings(service& s, api::call& c,
                                                                    const model::GetAccountSettingsRequest&) {
  const auto& scope = c.context.scope;
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetAccountSettingsResponse> {
    const auto used =
        r.first("SELECT count(*), coalesce(sum(code_size), 0) FROM lambda_versions WHERE account = ?1 AND region = ?2",
                {scope.account, scope.region});
    const auto functions =
        r.first("SELECT count(*), coalesce(sum(reserved), 0) FROM lambda_functions WHERE account = ?1 AND region = ?2",
                {scope.account, scope.region});
    const int64_t concurrency = s.functions.limits().queued;
    model::GetAccountSettingsResponse out;
    auto& limit = out.AccountLimit.emplace();
    limit.TotalCodeSize = int64_t{75} << 30;
    limit.CodeSizeUnzipped = unzipped_bytes_max;
    limit.CodeSizeZipped = zipped_bytes_max;
    limit.ConcurrentExecutions = concurrency;
    limit.UnreservedConcurrentExecutions = concurrency - functions->integer(1);
    auto& usage = out.AccountUsage.emplace();
    usage.TotalCodeSize = used->integer(1);
    usage.FunctionCount = functions->integer(0);
    return out;
  });
}

}  // namespace mdlc::services::lambda
