#include "services/s3/bucket.h"

#include "base/bytes.h"
#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

constexpr size_t min_name = 3, max_name = 63;
constexpr std::string_view reserved_beginnings[] = {"xn--", "sthree-", "amzn-s3-demo-"};
constexpr std::string_view reserved_ends[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_an_address(std::string_view name) {
  return std::count(name.begin(), name.end(), '.') == 3 && name.find_first_not_of("0123456789.") == name.npos;
}

}  // namespace

bool is_bucket_name(std::string_view name) {
  if (name.size() < min_name || name.size() > max_name) return false;
  for (char c : name)
    if (!is_letter_or_digit(c) && c != '-' && c != '.') return false;
  if (!is_letter_or_digit(name.front()) || !is_letter_or_digit(name.back())) return false;
  if (name.find("..") != name.npos || looks_like_an_address(name)) return false;
  for (auto beginning : reserved_beginnings)
    if (name.starts_with(beginning)) return false;
  for (auto end : reserved_ends)
    if (name.ends_with(end)) return false;
  return true;
}

std::optional<bucket> find_bucket(store::reader& r, std::string_view name) {
  auto row = r.first("SELECT name, account, region, created_ms, versioning FROM s3_bucket WHERE name = ?1", {name});
  if (!row) return std::nullopt;
  return bucket{row->text(0), {row->text(1), row->text(2)}, base::from_ms(row->integer(3)), row->text(4)};
}

api::answer<bucket> need_bucket(store::reader& r, std::string_view name,
                                const std::optional<std::string>& expected_owner) {
  auto found = find_bucket(r, name);
  if (!found) return no_such_bucket(name);
  if (expected_owner && *expected_owner != found->owner.account) return access_denied();
  return *found;
}

std::string canonical_id(std::string_view account) {
  return base::to_hex(base::sha256(fmt::format("canonical user of {}", account)));
}

std::optional<json::value> find_setting(store::reader& r, std::string_view bucket, std::string_view name) {
  auto row = r.first("SELECT setting FROM s3_bucket_setting WHERE bucket = ?1 AND name = ?2", {bucket, name});
  if (!row) return std::nullopt;
  return json::parse(row->text(0)).value();
}

void put_setting(store::transaction& t, std::string_view bucket, std::string_view name, const json::value& setting) {
  t.run(
      "INSERT INTO s3_bucket_setting (bucket, name, setting) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (bucket, name) DO UPDATE SET setting = excluded.setting",
      {bucket, name, json::print(setting)});
}

bool remove_setting(store::transaction& t, std::string_view bucket, std::string_view name) {
  return t.run("DELETE FROM s3_bucket_setting WHERE bucket = ?1 AND name = ?2", {bucket, name}) > 0;
}

api::answer<void> check_acl(store::reader& r, const bucket& b, const std::optional<std::string>& canned) {
  if (!canned || *canned == "private" || *canned == "bucket-owner-full-control") return {};
  auto ownership = find_setting(r, b.name, "OwnershipControls");
  if (ownership && json::print(*ownership).find("BucketOwnerEnforced") == std::string::npos) return {};
  return refuse_with("AccessControlListNotSupported", "The bucket does not allow ACLs", 400, {});
}

}  // namespace mdlc::services::s3
