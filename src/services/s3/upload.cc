#include "services/s3/upload.h"

#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

#define COLUMNS \
  "key, upload_id, initiated_ms, storage_class, attributes, tags, checksum_algorithm, checksum_type, checksum_asked"

upload from_row(const store::row& row) {
  auto tags = row.text_if(5);
  return {.key = row.text(0),
          .upload_id = row.text(1),
          .initiated = base::from_ms(row.integer(2)),
          .storage_class = row.text(3),
          .attributes = json::parse(row.text(4)).value().as_object(),
          .tags = tags ? json::parse(*tags).value().as_array() : json::array{},
          .sum = find_algorithm(row.text(6)),
          .checksum_type = row.text(7),
          .checksum_asked = row.integer(8) != 0};
}

}  // namespace

void insert_upload(store::transaction& t, std::string_view bucket, const upload& u) {
  t.run("INSERT INTO s3_upload (bucket, " COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        {bucket, u.key, u.upload_id, base::to_ms(u.initiated), u.storage_class, json::print(u.attributes),
         json::print(u.tags), u.sum->name, u.checksum_type, u.checksum_asked ? 1 : 0});
}

std::optional<upload> find_upload(store::reader& r, std::string_view bucket, std::string_view key,
                                  std::string_view upload_id) {
  auto row = r.first("SELECT " COLUMNS " FROM s3_upload WHERE bucket = ?1 AND key = ?2 AND upload_id = ?3",
                     {bucket, key, upload_id});
  if (!row) return std::nullopt;
  return from_row(*row);
}

api::answer<upload> need_upload(store::reader& r, std::string_view bucket, std::string_view key,
                                std::string_view upload_id) {
  auto found = find_upload(r, bucket, key, upload_id);
  if (!found) return no_such_upload(upload_id);
  return *std::move(found);
}

void each_upload(store::reader& r, std::string_view bucket, std::string_view after_key, std::string_view after_id,
                 const std::function<bool(const upload&)>& visit) {
  r.each("SELECT " COLUMNS " FROM s3_upload WHERE bucket = ?1 AND (key, upload_id) > (?2, ?3) ORDER BY key, upload_id",
         {bucket, after_key, after_id}, [&](const store::row& row) { return visit(from_row(row)); });
}

void put_part(service& s, store::transaction& t, const upload& u, const part& p) {
  auto replaced = t.first("SELECT blob FROM s3_part WHERE upload_id = ?1 AND number = ?2", {u.upload_id, p.number});
  t.run(
      "INSERT INTO s3_part (upload_id, number, modified_ms, size, etag, blob, checksum) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (upload_id, number) DO UPDATE SET "
      "modified_ms = excluded.modified_ms, size = excluded.size, etag = excluded.etag, blob = excluded.blob, "
      "checksum = excluded.checksum",
      {u.upload_id, p.number, base::to_ms(p.modified), p.size, p.etag, p.blob, json::print(p.checksum)});
  if (replaced) release_blob(s, t, replaced->text(0));
}

std::vector<part> parts_of(store::reader& r, std::string_view upload_id, int64_t after, int64_t most) {
  std::vector<part> parts;
  r.each(
      "SELECT number, modified_ms, size, etag, blob, checksum FROM s3_part "
      "WHERE upload_id = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
      {upload_id, after, most}, [&](const store::row& row) {
        parts.push_back({row.integer(0), base::from_ms(row.integer(1)), row.integer(2), row.text(3), row.text(4),
                         json::parse(row.text(5)).value().as_object()});
        return true;
      });
  return parts;
}

void remove_upload(service& s, store::transaction& t, std::string_view bucket, const upload& u) {
  auto parts = parts_of(t, u.upload_id);
  t.run("DELETE FROM s3_part WHERE upload_id = ?1", {u.upload_id});
  t.run("DELETE FROM s3_upload WHERE bucket = ?1 AND key = ?2 AND upload_id = ?3", {bucket, u.key, u.upload_id});
  for (const auto& p : parts) release_blob(s, t, p.blob);
}

}  // namespace mdlc::services::s3
