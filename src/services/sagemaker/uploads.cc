#include "services/sagemaker/uploads.h"

#include <fcntl.h>
#include <unistd.h>

#include "services/sagemaker/utf8.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t copy_bytes = 1 << 20;

tl::unexpected<base::error> unreadable(const s3_place& to) {
  return base::fail(fmt::format("The output for s3://{}/{} cannot be read", to.bucket, to.key));
}

base::result<void> upload(run& r, const sys::path& file, const s3_place& to, const std::string& mark) {
  const sys::descriptor from{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!from) return unreadable(to);
  MDLC_TRY(const auto content, stage_file(r, from.get(), to));
  return publish_staged(r, *content, to, [&](store::transaction& t) { mark_output(t, r.j.id, mark); });
}

}  // namespace

base::result<std::optional<blob::ref>> stage_file(run& r, int file, const s3_place& to,
                                                  const std::function<bool()>& goes_on) {
  auto staged = r.s.host.blobs.stage();
  if (!staged) throw store::failure(staged.error().message);
  std::string buffer(copy_bytes, '\0');
  while (true) {
    if (goes_on && !goes_on()) return std::nullopt;
    const auto got = ::read(file, buffer.data(), buffer.size());
    if (got < 0) return unreadable(to);
    if (got == 0) break;
    if (auto wrote = (*staged)->write(std::string_view{buffer}.substr(0, static_cast<size_t>(got))); !wrote)
      throw store::failure(wrote.error().message);
  }
  auto content = (*staged)->finish();
  if (!content) throw store::failure(content.error().message);
  return *std::move(content);
}

base::result<void> publish_staged(run& r, const blob::ref& content, const s3_place& to,
                                  const std::function<void(store::transaction&)>& mark) {
  sys::crash_point("job.before_publish");
  auto put = r.publish(to.bucket, to.key, content, mark);
  sys::crash_point("job.after_publish");
  if (put) return {};
  if (put.error().is_internal) throw store::failure("a job's output could not be published");
  return base::fail(fmt::format("Failed to upload s3://{}/{}: Error {}: {}", to.bucket, to.key, put.error().status,
                                put.error().message));
}

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
    MDLC_CHECK(upload(r, at->path(), {to.bucket, join_key(to.key, path)}, mark));
  }
  if (error) return base::fail(fmt::format("The output {} cannot be read: {}", name, error.message()));
  return {};
}

}  // namespace mdlc::services::sagemaker
