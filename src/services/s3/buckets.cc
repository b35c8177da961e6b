// CreateBucket, DeleteBucket, HeadBucket, ListBuckets, GetBucketLocation, versioning.
#include "base/bytes.h"
#include "services/s3/content.h"
#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/operations.h"
#include "services/s3/upload.h"

namespace mdlc::services::s3 {
namespace {

constexpr std::string_view first_region = "us-east-1";  // whose endpoint is older than regions, and behaves so
constexpr int64_t max_buckets_listed = 10'000;

refusal illegal_location(std::string_view constraint) {
  return refuse_with("IllegalLocationConstraintException",
                     fmt::format("The {} location constraint is incompatible for the region specific endpoint this "
                                 "request was sent to.",
                                 constraint),
                     400, {});
}

api::answer<std::string> region_of(const api::call& c, const model::CreateBucketRequest& in) {
  const auto& here = c.context.scope.region;
  std::optional<std::string> asked;
  if (in.CreateBucketConfiguration) asked = in.CreateBucketConfiguration->LocationConstraint;
  if (asked && asked->empty()) asked.reset();
  if (asked == "EU") asked = "eu-west-1";
  if (here == first_region) {
    if (asked == first_region)
      return refuse_with("InvalidLocationConstraint", "The specified location-constraint is not valid", 400,
                         {{"LocationConstraint", *asked}});
    return asked.value_or(here);
  }
  if (!asked) return illegal_location("unspecified");
  if (*asked != here) return illegal_location(*asked);
  return here;
}

// The bucket that is there already.
api::answer<model::CreateBucketOutput> recreate(const api::call& c, const bucket& found,
                                                const model::CreateBucketOutput& out) {
  if (found.owner.account != c.context.scope.account)
    return refuse_with("BucketAlreadyExists",
                       "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                       "system. Please select a different name and try again.",
                       409, {{"BucketName", found.name}});
  if (found.owner.region == first_region && c.context.scope.region == first_region) return out;
  return refuse_with("BucketAlreadyOwnedByYou",
                     "Your previous request to create the named bucket succeeded and you already own it.", 409,
                     {{"BucketName", found.name}});
}

// What every new bucket has since April 2023.
void put_defaults(store::transaction& t, const model::CreateBucketRequest& in) {
  model::PublicAccessBlockConfiguration closed{true, true, true, true};
  put_setting(t, in.Bucket, "PublicAccessBlock", to_json(closed));
  model::OwnershipControls ownership{{{in.ObjectOwnership.value_or("BucketOwnerEnforced")}}};
  put_setting(t, in.Bucket, "OwnershipControls", to_json(ownership));
}

}  // namespace

api::answer<model::CreateBucketOutput> create_bucket(service& s, api::call& c, const model::CreateBucketRequest& in) {
  if (!is_bucket_name(in.Bucket))
    return refuse_with("InvalidBucketName", "The specified bucket is not valid.", 400, {{"BucketName", in.Bucket}});
  MDLC_TRY(auto region, region_of(c, in));
  json::value tagging;
  if (in.CreateBucketConfiguration && in.CreateBucketConfiguration->Tags) {
    tagging = to_json(model::Tagging{*in.CreateBucketConfiguration->Tags});
    MDLC_CHECK(check_tags(tagging.at("TagSet").as_array(), max_bucket_tags));
  }
  bucket b{in.Bucket, {c.context.scope.account, region}, now_in_seconds(s), {}};
  if (in.ObjectLockEnabledForBucket.value_or(false)) b.versioning = "Enabled";
  model::CreateBucketOutput out;
  out.Location = region == first_region ? "/" + b.name : fmt::format("http://{}.s3.amazonaws.com/", b.name);
  out.BucketArn = b.arn();
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateBucketOutput> {
    if (auto found = find_bucket(t, b.name)) return recreate(c, *found, out);
    t.run("INSERT INTO s3_bucket (name, account, region, created_ms, versioning) VALUES (?1, ?2, ?3, ?4, ?5)",
          {b.name, b.owner.account, b.owner.region, base::to_ms(b.created), b.versioning});
    put_defaults(t, in);
    if (!tagging.is_null()) put_setting(t, b.name, "Tagging", tagging);
    MDLC_CHECK(check_acl(t, b, in.ACL));
    return out;
  });
}

api::answer<model::DeleteBucketResponse> delete_bucket(service& s, api::call& c, const model::DeleteBucketRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteBucketResponse> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    if (t.first("SELECT 1 FROM s3_object WHERE bucket = ?1 LIMIT 1", {b.name}))
      return refuse_with("BucketNotEmpty",
                         b.ever_versioned()
                             ? "The bucket you tried to delete is not empty. You must delete all versions "
                               "in the bucket."
                             : "The bucket you tried to delete is not empty",
                         409, {{"BucketName", b.name}});
    std::vector<upload> uploads;
    each_upload(t, b.name, "", "", [&](const upload& u) {
      uploads.push_back(u);
      return true;
    });
    for (const auto& u : uploads) remove_upload(s, t, b.name, u);
    t.run("DELETE FROM s3_bucket_setting WHERE bucket = ?1", {b.name});
    t.run("DELETE FROM s3_bucket WHERE name = ?1", {b.name});
    return model::DeleteBucketResponse{};
  });
}

api::answer<model::HeadBucketOutput> head_bucket(service& s, api::call&, const model::HeadBucketRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::HeadBucketOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    model::HeadBucketOutput out;
    out.BucketRegion = b.owner.region;
    out.BucketArn = b.arn();
    out.AccessPointAlias = false;
    return out;
  });
}

api::answer<model::ListBucketsOutput> list_buckets(service& s, api::call& c, const model::ListBucketsRequest& in) {
  if (in.MaxBuckets && (*in.MaxBuckets < 1 || *in.MaxBuckets > max_buckets_listed))
    return invalid_argument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets",
                            std::to_string(*in.MaxBuckets));
  auto most = in.MaxBuckets.value_or(max_buckets_listed);
  std::string after;
  if (in.ContinuationToken) {
    auto text = base::from_base64(*in.ContinuationToken);
    if (!text)
      return invalid_argument("The continuation token provided is incorrect", "continuation-token",
                              *in.ContinuationToken);
    after = *text;
  }
  auto prefix = in.Prefix.value_or("");
  const auto& account = c.context.scope.account;
  model::ListBucketsOutput out;
  out.Owner = model::Owner{{}, canonical_id(account)};
  out.Prefix = in.Prefix;
  auto& buckets = out.Buckets.emplace();
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListBucketsOutput> {
    r.each(
        "SELECT name, created_ms, region FROM s3_bucket WHERE account = ?1 AND name > ?2 ORDER BY name",
        {account, after}, [&](const store::row& row) {
          if (!row.text(0).starts_with(prefix)) return row.text(0) < prefix;
          if (in.BucketRegion && *in.BucketRegion != row.text(2)) return true;
          if (static_cast<int64_t>(buckets.size()) == most) {
            out.ContinuationToken = base::to_base64(*buckets.back().Name);
            return false;
          }
          buckets.push_back({row.text(0), base::from_ms(row.integer(1)), row.text(2), "arn:aws:s3:::" + row.text(0)});
          return true;
        });
    return out;
  });
}

api::answer<model::GetBucketLocationOutput> get_bucket_location(service& s, api::call&,
                                                                const model::GetBucketLocationRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetBucketLocationOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    model::GetBucketLocationOutput out;
    if (b.owner.region != first_region) out.LocationConstraint = b.owner.region;
    return out;
  });
}

api::answer<model::PutBucketVersioningResponse> put_bucket_versioning(service&, api::call& c,
                                                                      const model::PutBucketVersioningRequest& in) {
  auto status = in.VersioningConfiguration.Status;
  if (status != "Enabled" && status != "Suspended")
    return refuse_with("IllegalVersioningConfigurationException", "The Versioning element must be specified", 400, {});
  return c.commit([&](store::transaction& t) -> api::answer<model::PutBucketVersioningResponse> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    t.run("UPDATE s3_bucket SET versioning = ?2 WHERE name = ?1", {b.name, *status});
    return model::PutBucketVersioningResponse{};
  });
}

api::answer<model::GetBucketVersioningOutput> get_bucket_versioning(service& s, api::call&,
                                                                    const model::GetBucketVersioningRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetBucketVersioningOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    model::GetBucketVersioningOutput out;
    if (b.ever_versioned()) out.Status = b.versioning;
    return out;
  });
}

}  // namespace mdlc::services::s3
