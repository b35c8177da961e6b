#include "services/iam/rows.h"

#include "base/bytes.h"
#include "services/iam/common.h"
#include "wire/uri.h"

namespace mdlc::services::iam {
namespace {

constexpr std::string_view role_columns =
    "shown, path, id, created_ms, trust, description, session_seconds, boundary, tags";

model::Role read_role(const store::row& r, const std::string& account) {
  model::Role out;
  out.RoleName = r.text(0);
  out.Path = r.text(1);
  out.RoleId = r.text(2);
  out.Arn = fmt::format("arn:aws:iam::{}:role{}{}", account, out.Path, out.RoleName);
  out.CreateDate = base::from_ms(r.integer(3));
  out.AssumeRolePolicyDocument = wire::percent_encode(r.text(4));  // as AWS shows it
  out.Description = r.text_if(5);
  out.MaxSessionDuration = r.integer(6);
  if (auto boundary = r.text_if(7)) out.PermissionsBoundary = model::AttachedPermissionsBoundary{"Policy", boundary};
  if (auto tags = parse_tags(r.text(8)); !tags.empty()) out.Tags = std::move(tags);
  return out;
}

constexpr std::string_view policy_columns =
    "shown, path, id, arn, created_ms, updated_ms, description, default_version, tags, "
    "(SELECT COUNT(*) FROM iam_attachments a WHERE a.account = p.account AND a.policy = p.arn)";

model::Policy read_policy(const store::row& r) {
  model::Policy out;
  out.PolicyName = r.text(0);
  out.Path = r.text(1);
  out.PolicyId = r.text(2);
  out.Arn = r.text(3);
  out.CreateDate = base::from_ms(r.integer(4));
  out.UpdateDate = base::from_ms(r.integer(5));
  out.Description = r.text_if(6);
  out.DefaultVersionId = fmt::format("v{}", r.integer(7));
  if (auto tags = parse_tags(r.text(8)); !tags.empty()) out.Tags = std::move(tags);
  out.AttachmentCount = r.integer(9);
  out.PermissionsBoundaryUsageCount = 0;
  out.IsAttachable = true;
  return out;
}

// AWS has a thousand policies of its own, which clients name and never read: the name is taken, the rest follows of it.
model::Policy aws_managed(store::reader& db, const std::string& account, const std::string& arn) {
  model::Policy out;
  auto path_and_name = arn.substr(arn.find("policy/") + 6);
  auto slash = path_and_name.rfind('/');
  out.PolicyName = path_and_name.substr(slash + 1);
  out.Path = path_and_name.substr(0, slash + 1);
  out.Arn = arn;
  std::string id = "ANPA";
  for (char c : base::to_hex(base::sha256(arn)).substr(0, 17)) id += c >= 'a' ? static_cast<char>(c - 32) : c;
  out.PolicyId = id;
  out.DefaultVersionId = "v1";
  out.IsAttachable = true;
  out.AttachmentCount =
      count(db, "SELECT COUNT(*) FROM iam_attachments WHERE account = ?1 AND policy = ?2", {account, arn});
  return out;
}

}  // namespace

int64_t count(store::reader& db, std::string_view sql, store::parameters p) { return db.first(sql, p)->integer(0); }

api::answer<model::Role> find_role(store::reader& db, const std::string& account, const std::string& name) {
  auto row = db.first(fmt::format("SELECT {} FROM iam_roles WHERE account = ?1 AND name = ?2", role_columns),
                      {account, key_of(name)});
  if (!row) return api::refuse("NoSuchEntity", fmt::format("The role with name {} cannot be found.", name), 404);
  return read_role(*row, account);
}

std::vector<model::Role> read_roles(store::reader& db, const std::string& account, const std::string& path_prefix,
                                    const std::string& after, int64_t limit) {
  std::vector<model::Role> out;
  auto rows = db.query(fmt::format("SELECT {} FROM iam_roles WHERE account = ?1 AND name > ?2 "
                                   "AND substr(path, 1, ?3) = ?4 ORDER BY name LIMIT ?5",
                                   role_columns),
                       {account, after, path_prefix.size(), path_prefix, limit});
  for (const auto& row : rows) out.push_back(read_role(row, account));
  return out;
}

api::answer<model::Policy> find_policy(store::reader& db, const std::string& account, const std::string& arn) {
  if (is_aws_managed(arn)) return aws_managed(db, account, arn);
  auto row = db.first(fmt::format("SELECT {} FROM iam_policies p WHERE account = ?1 AND arn = ?2", policy_columns),
                      {account, arn});
  if (!row) return api::refuse("NoSuchEntity", fmt::format("Policy {} was not found.", arn), 404);
  return read_policy(*row);
}

std::vector<model::Policy> read_policies(store::reader& db, const std::string& account, const std::string& path_prefix,
                                         bool only_attached, const std::string& after, int64_t limit) {
  std::vector<model::Policy> out;
  auto rows = db.query(
      fmt::format("SELECT {} FROM iam_policies p WHERE account = ?1 AND name > ?2 AND substr(path, 1, ?3) = ?4 "
                  "AND (?5 = 0 OR EXISTS (SELECT 1 FROM iam_attachments a WHERE a.account = p.account AND a.policy = "
                  "p.arn)) ORDER BY name LIMIT ?6",
                  policy_columns),
      {account, after, path_prefix.size(), path_prefix, only_attached ? 1 : 0, limit});
  for (const auto& row : rows) out.push_back(read_policy(row));
  return out;
}

}  // namespace mdlc::services::iam
