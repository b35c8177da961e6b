#include "services/s3/content.h"

#include <set>

#include "services/s3/errors.h"
#include "wire/uri.h"

namespace mdlc::services::s3 {
namespace {

// Members that an object keeps and that Get and Head answer as they came.
constexpr std::string_view kept[] = {"CacheControl",
                                     "ContentDisposition",
                                     "ContentEncoding",
                                     "ContentLanguage",
                                     "ContentType",
                                     "Expires",
                                     "Metadata",
                                     "ServerSideEncryption",
                                     "SSEKMSKeyId",
                                     "BucketKeyEnabled",
                                     "WebsiteRedirectLocation"};
constexpr std::string_view encryption[] = {"ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"};

constexpr std::string_view refused[] = {"SSECustomerAlgorithm",     "SSECustomerKey", "SSECustomerKeyMD5",
                                        "CopySourceSSECustomerKey", "ObjectLockMode", "ObjectLockLegalHoldStatus",
                                        "ObjectLockRetainUntilDate"};

constexpr std::string_view storage_classes[] = {"STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA", "ONEZONE_IA",
                                                "GLACIER_IR", "INTELLIGENT_TIERING", "GLACIER",     "DEEP_ARCHIVE"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

api::answer<json::object> metadata_of(const json::value& given) {
  json::object metadata;
  size_t bytes = 0;
  if (auto* entries = given.if_object())
    for (const auto& [name, value] : *entries) {
      bytes += name.size() + value.as_string().size();
      metadata.insert_or_assign(lower(name), value);  // headers have no case
    }
  if (bytes > max_metadata_bytes)
    return refuse_with("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400,
                       {{"Size", std::to_string(bytes)}, {"MaxSizeAllowed", std::to_string(max_metadata_bytes)}});
  return metadata;
}

refusal invalid_tag(std::string message) { return refuse_with("InvalidTag", std::move(message), 400, {}); }

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

api::answer<content> content_of(const json::value& input) {
  content out;
  for (auto member : refused)
    if (json::find(input, member)) return not_implemented(member);
  for (auto member : kept)
    if (auto* value = json::find(input, member); value && !value->is_null()) out.attributes.emplace(member, *value);
  if (auto* given = out.attributes.if_contains("Metadata")) {
    MDLC_TRY(*given, metadata_of(*given));
    if (given->as_object().empty()) out.attributes.erase("Metadata");
  }
  if (json::text(input, "ContentType").empty()) out.attributes.insert_or_assign("ContentType", "binary/octet-stream");
  // S3 encrypts everything by itself since 2023, and says so.
  out.attributes.emplace("ServerSideEncryption", "AES256");
  out.storage_class = json::text(input, "StorageClass", "STANDARD");
  if (std::find(std::begin(storage_classes), std::end(storage_classes), out.storage_class) == std::end(storage_classes))
    return refuse_with("InvalidStorageClass", "The storage class you specified is not valid", 400,
                       {{"StorageClassRequested", out.storage_class}});
  if (auto header = json::text(input, "Tagging"); !header.empty()) {
    MDLC_TRY(out.tags, tags_of_header(std::string(header)));
  }
  return out;
}

api::answer<json::array> tags_of_header(const std::string& header) {
  json::array tags;
  for (const auto& [key, value] : wire::parse_query(header))
    tags.push_back(json::object{{"Key", key}, {"Value", value}});
  MDLC_CHECK(check_tags(tags, max_object_tags));
  return tags;
}

api::answer<void> check_tags(const json::array& tags, size_t most) {
  if (tags.size() > most)
    return refuse_with(
        "BadRequest",
        fmt::format("{} tags cannot be greater than {}", most == max_object_tags ? "Object" : "Bucket", most), 400, {});
  std::set<std::string_view> keys;
  for (const auto& tag : tags) {
    auto key = json::text(tag, "Key"), value = json::text(tag, "Value");
    if (key.empty() || characters(key) > max_tag_key) return invalid_tag("The TagKey you have provided is invalid");
    if (characters(value) > max_tag_value) return invalid_tag("The TagValue you have provided is invalid");
    if (key.starts_with("aws:")) return invalid_tag("System tags cannot be added/updated by requester");
    if (!keys.insert(key).second) return invalid_tag("Cannot provide multiple Tags with the same key");
  }
  return {};
}

json::object encryption_of(const json::object& attributes) {
  json::object out;
  for (auto member : encryption)
    if (auto* value = attributes.if_contains(member)) out.emplace(member, *value);
  return out;
}

}  // namespace mdlc::services::s3
