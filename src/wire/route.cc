#include "wire/route.h"

namespace mdlc::wire {
namespace {

std::string_view host_without_port(const request& r) {
  auto host = r.headers.get("Host");
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.rfind(':'));
}

std::string_view first_segment(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path.substr(0, path.find('/'));
}

// Lambda's paths begin with the date of an API version: /2015-03-31/functions.
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9')) return false;
  return true;
}

// SageMaker and its Runtime sign with one name: what has no X-Amz-Target is the REST service's.
const service* by_signing_name(std::span<const service* const> all, const request& r, std::string_view name) {
  const service* found = nullptr;
  for (const auto* s : all) {
    if (s->signing_name != name) continue;
    if (s->speaks != protocol::json || r.headers.has("X-Amz-Target")) return s;
    if (!found) found = s;
  }
  return found;
}

}  // namespace

const service* find_service(std::span<const service* const> all, const request& r, std::string_view signed_for) {
  if (const auto* s = by_signing_name(all, r, signed_for)) return s;
  if (auto target = r.headers.get("X-Amz-Target"); !target.empty())
    for (const auto* s : all)
      if (s->speaks == protocol::json && target.substr(0, target.rfind('.')) == s->target_prefix) return s;
  auto host = host_without_port(r);
  if (const auto* s = by_signing_name(all, r, host.substr(0, host.find('.')))) return s;
  if (is_date(first_segment(r.path)))
    for (const auto* s : all)
      if (s->speaks == protocol::rest_json) return s;
  // Query's Version, where it stands in the path; in the body it comes with a signature.
  if (const auto* version = find_parameter(r.query, "Version"))
    for (const auto* s : all)
      if (s->speaks == protocol::query && s->api_version == *version) return s;
  return by_signing_name(all, r, "s3");
}

std::string path_with_bucket(const request& r) {
  auto host = host_without_port(r);
  std::string_view bucket;
  if (auto s3 = host.find(".s3."); s3 != std::string_view::npos)
    bucket = host.substr(0, s3);
  else if (host.ends_with(".localhost"))
    bucket = host.substr(0, host.size() - std::string_view{".localhost"}.size());
  if (bucket.empty() || bucket == "s3") return r.path;
  return "/" + std::string{bucket} + (r.path.starts_with('/') ? r.path : "/" + r.path);
}

}  // namespace mdlc::wire
