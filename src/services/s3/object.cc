#include "services/s3/object.h"

#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

#define COLUMNS                                                                                                     \
  "key, version_id, version_order, is_marker, modified_ms, size, etag, blob, storage_class, attributes, checksum, " \
  "tags, parts, upload_id"

json::object object_of(const std::string& text) { return json::parse(text).value().as_object(); }
json::array array_of(const std::optional<std::string>& text) {
  return text ? json::parse(*text).value().as_array() : json::array{};
}
std::optional<std::string> text_of(const json::array& items) {
  if (items.empty()) return std::nullopt;
  return json::print(items);
}

object from_row(const store::row& row) {
  return {.key = row.text(0),
          .version_id = row.text(1),
          .order = row.integer(2),
          .is_marker = row.integer(3) != 0,
          .modified = base::from_ms(row.integer(4)),
          .size = row.integer(5),
          .etag = row.text(6),
          .blob = row.text_if(7).value_or(""),
          .storage_class = row.text(8),
          .attributes = object_of(row.text(9)),
          .checksum = object_of(row.text(10)),
          .tags = array_of(row.text_if(11)),
          .parts = array_of(row.text_if(12)),
          .upload_id = row.text_if(13).value_or("")};
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : 3;
    if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return false;
    if (i + more >= text.size()) return false;
    uint32_t code = more == 0 ? lead : lead & (0x3f >> more);
    for (size_t n = 1; n <= more; n++) {
      auto next = static_cast<unsigned char>(text[i + n]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += more + 1;
  }
  return true;
}

json::object event_detail(const api::call& c, const bucket& b, const object& o, std::string_view reason) {
  json::object shown{{"key", o.key}};
  if (!o.is_marker) {
    shown.emplace("size", o.size);
    shown.emplace("etag", o.etag);
  }
  if (b.ever_versioned()) shown.emplace("version-id", o.version_id);
  // Grows with time, so that two events of one key can be put in order.
  shown.emplace("sequencer", fmt::format("{:016X}", static_cast<uint64_t>(base::to_ms(o.modified))));
  return {{"version", "0"},
          {"bucket", {{"name", b.name}}},
          {"object", std::move(shown)},
          {"request-id", c.context.request_id},
          {"requester", c.context.scope.account},
          {"reason", reason}};
}

void publish(service& s, store::transaction& t, const bucket& b, std::string detail_type, json::object detail) {
  t.after_commit([&s, event = api::event{
                          b.owner, "aws.s3", std::move(detail_type), {b.arn()}, s.host.env.now(), std::move(detail)}] {
    s.host.bus.publish(event);
  });
}

}  // namespace

api::answer<void> check_key(std::string_view key) {
  if (key.empty()) return invalid_argument("Object keys must not be empty", "Key", key);
  if (key.size() > max_key_bytes)
    return refuse_with("KeyTooLongError", "Your key is too long", 400,
                       {{"Size", std::to_string(key.size())}, {"MaxSizeAllowed", std::to_string(max_key_bytes)}});
  if (!is_utf8(key)) return refuse_with("InvalidURI", "Couldn't parse the specified URI.", 400, {});
  return {};
}

std::optional<object> current(store::reader& r, std::string_view bucket, std::string_view key) {
  auto row = r.first("SELECT " COLUMNS " FROM s3_object WHERE bucket = ?1 AND key = ?2 ORDER BY version_order LIMIT 1",
                     {bucket, key});
  if (!row) return std::nullopt;
  return from_row(*row);
}

std::optional<object> find_version(store::reader& r, std::string_view bucket, std::string_view key,
                                   std::string_view version_id) {
  auto row = r.first("SELECT " COLUMNS " FROM s3_object WHERE bucket = ?1 AND key = ?2 AND version_id = ?3",
                     {bucket, key, version_id});
  if (!row) return std::nullopt;
  return from_row(*row);
}

api::answer<object> need_object(store::reader& r, api::call& c, const bucket& b, std::string_view key,
                                const std::optional<std::string>& version_id) {
  MDLC_CHECK(check_key(key));
  if (version_id && version_id->empty())
    return invalid_argument("Version id cannot be the empty string", "versionId", "");
  auto found = version_id ? find_version(r, b.name, key, *version_id) : current(r, b.name, key);
  if (!found && version_id) return no_such_version(key, *version_id);
  if (!found) return no_such_key(key);
  if (!found->is_marker) return *std::move(found);
  c.reply.headers.emplace_back("x-amz-delete-marker", "true");
  c.reply.headers.emplace_back("x-amz-version-id", found->version_id);
  if (!version_id) return no_such_key(key);
  c.reply.headers.emplace_back("Allow", "DELETE");
  return refuse_with("MethodNotAllowed", "The specified method is not allowed against this resource.", 405,
                     {{"Method", "GET"}, {"ResourceType", "DeleteMarker"}});
}

void place(service& s, store::transaction& t, const bucket& b, object& o, std::string_view new_version_id) {
  o.version_id = b.keeps_versions() ? new_version_id : null_version;
  auto replaced = b.keeps_versions() ? std::nullopt : find_version(t, b.name, o.key, null_version);
  auto newest = t.first(
      "SELECT version_order FROM s3_object WHERE bucket = ?1 AND key = ?2 "
      "ORDER BY version_order LIMIT 1",
      {b.name, o.key});
  o.order = newest ? newest->integer(0) - 1 : 0;
  std::optional<std::string> blob, upload;
  if (!o.blob.empty()) blob = o.blob;
  if (!o.upload_id.empty()) upload = o.upload_id;
  t.run(
      "INSERT INTO s3_object (bucket, " COLUMNS
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
      {b.name, o.key, o.version_id, o.order, o.is_marker ? 1 : 0, base::to_ms(o.modified), o.size, o.etag, blob,
       o.storage_class, json::print(o.attributes), json::print(o.checksum), text_of(o.tags), text_of(o.parts), upload});
  // After the new row is there: both may point to the same blob.
  if (replaced) erase(s, t, b.name, *replaced);
}

void erase(service& s, store::transaction& t, std::string_view bucket, const object& o) {
  t.run("DELETE FROM s3_object WHERE bucket = ?1 AND key = ?2 AND version_order = ?3", {bucket, o.key, o.order});
  if (!o.blob.empty()) release_blob(s, t, o.blob);
}

void save_tags(store::transaction& t, std::string_view bucket, const object& o) {
  t.run("UPDATE s3_object SET tags = ?4 WHERE bucket = ?1 AND key = ?2 AND version_order = ?3",
        {bucket, o.key, o.order, text_of(o.tags)});
}

void release_blob(service& s, store::transaction& t, const std::string& blob) {
  if (t.first("SELECT 1 FROM s3_object WHERE blob = ?1 LIMIT 1", {blob})) return;
  if (t.first("SELECT 1 FROM s3_part WHERE blob = ?1 LIMIT 1", {blob})) return;
  // Unlinking a large file takes a while; what is dropped at the server's stop, the next start sweeps.
  t.after_commit([&s, blob] { s.host.pool.post([&s, blob] { s.host.blobs.remove(blob); }); });
}

std::optional<std::string> shown_version(const bucket& b, const object& o) {
  if (!b.ever_versioned()) return std::nullopt;
  return o.version_id;
}

base::time_point now_in_seconds(service& s) { return std::chrono::floor<std::chrono::seconds>(s.host.env.now()); }

void publish_created(service& s, store::transaction& t, const api::call& c, const bucket& b, const object& o,
                     std::string_view reason) {
  publish(s, t, b, "Object Created", event_detail(c, b, o, reason));
}

void publish_deleted(service& s, store::transaction& t, const api::call& c, const bucket& b, const object& o,
                     std::string_view deletion_type) {
  auto detail = event_detail(c, b, o, "DeleteObject");
  detail.emplace("deletion-type", deletion_type);
  publish(s, t, b, "Object Deleted", std::move(detail));
}

}  // namespace mdlc::services::s3
