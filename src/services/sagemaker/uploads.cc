#include "services/sagemaker/uploads.h"

#include <fcntl.h>
#include <unistd.h>

#include "services/sagemaker/utf8.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t copy_bytes = 1 << 20;

base::result<void> upload(run& r, const sys::path& file, const std::string& bucket, const std::string& key,
                          const std::string& mark) {
  const sys::descriptor from{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!from) return base::fail(fmt::format("The output for s3://{}/{} cannot be read", bucket, key));
  auto staged = r.s.host.blobs.stage();
  if (!staged) throw store::failure(staged.error().message);
  std::string buffer(copy_bytes, '\0');
  while (true) {
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0) return base::fail(fmt::format("The output for s3://{}/{} cannot be read", bucket, key));
    if (got == 0) break;
    if (auto wrote = (*staged)->write(std::string_view{buffer}.substr(0, static_cast<size_t>(got))); !wrote)
      throw store::failure(wrote.error().message);
  }
  auto content = (*staged)->finish();
  if (!content) throw store::failure(content.error().message);
  sys::crash_point("job.before_publish");
  auto put = r.publish(bucket, key, *content, [&](store::transaction& t) { mark_output(t, r.j.id, mark); });
  sys::crash_point("job.after_publish");
  if (put) return {};
  if (put.error().is_internal) throw store::failure("a job's output could not be published");
  return base::fail(
      fmt::format("Failed to upload s3://{}/{}: Error {}: {}", bucket, key, put.error().status, put.error().message));
}

}  // namespace

base::result<void> upload_folder(run& r, const sys::path& root, const sys::path& relative, const s3_place& to,
                                 std::string_view name, const std::set<std::string>& published) {
  const auto folder = real_path(root, relative);
  if (!folder || !std::filesystem::is_directory(*folder)) return {};
  std::error_code error;
  // Links are not followed: the program may have meant us to.
  for (std::filesystem::recursive_directory_iterator at{*folder, error}, end; !error && at != end;
       at.increment(error)) {
    if (!std::filesystem::is_regular_file(at->symlink_status())) continue;
    const auto path = as_utf8(at->path().lexically_relative(*folder).string());
    const auto mark = fmt::format("{}/{}", name, path);
    if (published.contains(mark)) continue;
    MDLC_CHECK(upload(r, at->path(), to.bucket, join_key(to.key, path), mark));
  }
  if (error) return base::fail(fmt::format("The output {} cannot be read: {}", name, error.message()));
  return {};
}

}  // namespace mdlc::services::sagemaker
