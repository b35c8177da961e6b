#include "services/sagemaker/inputs.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/archive.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t manifest_bytes_max = 64 << 20;
constexpr mode_t everybody_reads = 0444;
constexpr size_t copy_bytes = 1 << 20;

base::result<std::vector<input_object>> list_prefix(run& r, std::string_view uri) {
  MDLC_TRY(auto place, parse_s3_uri(uri));
  auto found = objects_below(r, place);
  if (!found || found->empty()) return no_data(r, uri, place, found ? "" : found.error().message);
  return *std::move(found);
}

// [{"prefix": "s3://bucket/p/"}, "rel1", …]
base::result<std::vector<input_object>> list_manifest(run& r, std::string_view uri) {
  MDLC_TRY(auto place, parse_s3_uri(uri));
  MDLC_TRY(auto file, open_object(r, place.bucket, place.key));
  if (file.count() > manifest_bytes_max) return base::fail(fmt::format("The manifest file {} is too large", uri));
  MDLC_TRY(auto text, file.read_all());
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_array() || parsed->get_array().empty())
    return base::fail(fmt::format("The manifest file {} is not a JSON list that begins with a prefix", uri));
  const auto& items = parsed->get_array();
  const std::string prefix{json::text(items[0], "prefix")};
  std::vector<input_object> found;
  for (size_t i = 1; i < items.size(); ++i) {
    if (!items[i].is_string())
      return base::fail(fmt::format("The manifest file {} lists something that is no name", uri));
    const std::string relative{json::view(items[i].get_string())};
    MDLC_TRY(auto one, parse_s3_uri(prefix + relative));
    found.push_back({one.bucket, one.key, relative});
  }
  if (found.empty()) return no_data(r, uri, place, "");
  return found;
}

bool is_safe(const sys::path& relative) {
  if (relative.empty() || relative.is_absolute()) return false;
  return std::none_of(relative.begin(), relative.end(), [](const auto& part) { return part == ".." || part == "."; });
}

base::result<void> copy_file(int from, const sys::path& to) {
  const sys::descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, everybody_reads)};
  struct stat about;
  if (!out || fstat(from, &about) != 0) return base::fail(std::strerror(errno));
  for (off_t at = 0; at < about.st_size;)
    if (sendfile(out.get(), from, &at, static_cast<size_t>(about.st_size - at)) <= 0)
      return base::fail(std::strerror(errno));
  return {};
}

base::result<void> write_unzipped(const blob::slice& object, const sys::path& to) {
  MDLC_TRY(auto unzipped, runner::gunzip::open(object.fd()));
  const sys::descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, everybody_reads)};
  if (!out) return base::fail("cannot be a file's name beside the others");
  std::string buffer(copy_bytes, '\0');
  for (int64_t total = 0;;) {
    MDLC_TRY(const auto got, unzipped.read(buffer.data(), buffer.size()));
    if (got == 0) return {};
    if ((total += static_cast<int64_t>(got)) > runner::archive_bytes_max) return base::fail("unpacks to too much");
    for (size_t done = 0; done < got;) {
      const auto wrote = ::write(out.get(), buffer.data() + done, got - done);
      if (wrote <= 0) return base::fail("cannot be written");
      done += static_cast<size_t>(wrote);
    }
  }
}

}  // namespace

base::result<s3_place> parse_s3_uri(std::string_view uri) {
  constexpr std::string_view scheme = "s3://";
  if (!uri.starts_with(scheme)) return base::fail(fmt::format("Invalid S3 URI: {}", uri));
  const auto rest = uri.substr(scheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  if (slash == 0) return base::fail(fmt::format("Invalid S3 URI: {}", uri));
  return s3_place{std::string{rest.substr(0, slash)}, std::string{rest.substr(std::min(slash + 1, rest.size()))}};
}

std::string join_key(std::string_view a, std::string_view b) {
  while (a.ends_with('/')) a.remove_suffix(1);
  while (b.starts_with('/')) b.remove_prefix(1);
  return a.empty() ? std::string{b} : fmt::format("{}/{}", a, b);
}

std::string relative_to(std::string_view prefix, std::string_view key) {
  if (key == prefix || prefix.size() > key.size()) return std::string{key.substr(key.rfind('/') + 1)};
  const bool whole_folders = prefix.empty() || prefix.ends_with('/') || key[prefix.size()] == '/';
  auto rest = whole_folders ? key.substr(prefix.size()) : key.substr(prefix.rfind('/') + 1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return std::string{rest};
}

tl::unexpected<base::error> no_data(run& r, std::string_view uri, const s3_place& place, std::string_view s3_message) {
  auto words = fmt::format(
      "No S3 objects found under S3 URL \"{}\" given in input data source. Please ensure that the bucket exists in the "
      "selected region ({}), that objects exist under that S3 prefix, and that the role \"{}\" has \"s3:ListBucket\" "
      "permissions on bucket \"{}\".",
      uri, r.j.key.scope.region, r.role(), place.bucket);
  if (!s3_message.empty()) words += fmt::format(" Error message from S3: {}", s3_message);
  return base::fail(std::move(words));
}

base::result<std::vector<input_object>> list_inputs(run& r, const json::value& source) {
  const auto type = json::text(source, "S3DataType");
  const auto uri = json::text(source, "S3Uri");
  if (type == "S3Prefix") return list_prefix(r, uri);
  if (type == "ManifestFile") return list_manifest(r, uri);
  return base::fail(fmt::format("S3DataType {} is not supported here", type));
}

api::answer<std::vector<input_object>> objects_below(run& r, const s3_place& place) {
  std::vector<input_object> found;
  std::string token;
  while (true) {
    json::object input{{"Bucket", place.bucket}, {"Prefix", place.key}};
    if (!token.empty()) input["ContinuationToken"] = token;
    MDLC_TRY(auto page, r.call("s3", "ListObjectsV2", std::move(input)));
    if (const auto* contents = json::find(page, "Contents"); contents && contents->is_array())
      for (const auto& o : contents->get_array()) {
        std::string key{json::text(o, "Key")};
        // A "folder" that a console made: no data.
        if (!key.ends_with('/')) found.push_back({place.bucket, key, relative_to(place.key, key)});
      }
    token = json::text(page, "NextContinuationToken");
    if (token.empty()) return found;
  }
}

base::result<blob::slice> open_object(run& r, const std::string& bucket, const std::string& key) {
  std::optional<blob::slice> body;
  auto answer = r.call("s3", "GetObject", {{"Bucket", bucket}, {"Key", key}}, body);
  if (!answer) return base::fail(fmt::format("Cannot read s3://{}/{}: {}", bucket, key, answer.error().message));
  if (!body) return base::fail(fmt::format("Cannot read s3://{}/{}", bucket, key));
  return *std::move(body);
}

base::result<sys::path> file_for(const input_object& o, const sys::path& name, const sys::path& folder) {
  const auto relative = name.lexically_normal();
  if (!is_safe(name) || !is_safe(relative))
    return base::fail(fmt::format("The key of s3://{}/{} cannot be a file's name", o.bucket, o.key));
  auto to = folder / relative;
  std::error_code error;
  std::filesystem::create_directories(to.parent_path(), error);
  if (error)
    return base::fail(fmt::format("The key of s3://{}/{} cannot be a file's name beside the others", o.bucket, o.key));
  return to;
}

base::result<void> place_object(run& r, const input_object& o, const sys::path& folder) {
  MDLC_TRY(const auto to, file_for(o, o.relative, folder));
  MDLC_TRY(auto file, open_object(r, o.bucket, o.key));
  // The program may be another user. Only through this link and its read-only mount does it come to the file.
  fchmod(file.fd(), everybody_reads);
  const auto self = fmt::format("/proc/self/fd/{}", file.fd());
  if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  if (errno == EEXIST || errno == ENAMETOOLONG || errno == ENOTDIR)
    return base::fail(fmt::format("The key of s3://{}/{} cannot be a file's name beside the others", o.bucket, o.key));
  return copy_file(file.fd(), to);
}

base::result<void> place_unzipped(run& r, const input_object& o, const sys::path& folder) {
  auto relative = o.relative;
  if (relative.ends_with(".gz")) relative.resize(relative.size() - 3);
  MDLC_TRY(const auto to, file_for(o, relative, folder));
  MDLC_TRY(auto object, open_object(r, o.bucket, o.key));
  if (auto done = write_unzipped(object, to); !done)
    return base::fail(fmt::format("s3://{}/{}: {}", o.bucket, o.key, done.error().message));
  return {};
}

}  // namespace mdlc::services::sagemaker
