#include "services/sagemaker/checkpoints.h"

#include <condition_variable>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "services/sagemaker/uploads.h"
#include "services/sagemaker/utf8.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr const char* folder_name = "checkpoints";

const json::value* config_of(const job& j) {
  const auto* config = j.request.if_contains("CheckpointConfig");
  return config && config->is_object() ? config : nullptr;
}

// Like open, but nothing on the way is a link or leads up. Empty if there is no such file.
sys::descriptor open_below(int folder, const sys::path& relative, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return sys::descriptor{static_cast<int>(syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how))};
}

int64_t nanoseconds(const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

// Nothing for what is no plain file.
std::optional<std::string> stamp_of(int file) {
  struct stat about;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return {};
  return fmt::format("{}:{}:{}:{}", about.st_size, nanoseconds(about.st_mtim), nanoseconds(about.st_ctim),
                     about.st_ino);
}

// What sagemaker_output says of a checkpoint that S3 has.
std::string mark_of(std::string_view stamp, std::string_view path) { return fmt::format("{} {}", stamp, path); }

}  // namespace

std::optional<std::string> checkpoint_place(const job& j) {
  const auto* config = config_of(j);
  if (!config) return {};
  return std::string{json::text(*config, "LocalPath", "/opt/ml/checkpoints")};
}

base::result<void> fetch_checkpoints(run& r) {
  const auto* config = config_of(r.j);
  if (!config) return {};
  const sys::path place_inside{*checkpoint_place(r.j)};
  if (!place_inside.is_absolute() || place_inside != place_inside.lexically_normal() || place_inside == "/")
    return base::fail(
        fmt::format("CheckpointConfig.LocalPath is {}, which is no folder's path", place_inside.string()));
  const auto folder = r.folder() / "ml" / folder_name;
  MDLC_CHECK(make_owned(folder, r.owner()));
  MDLC_TRY(auto place, parse_s3_uri(json::text(*config, "S3Uri")));
  auto found = objects_below(r, place);
  if (!found) return base::fail(found.error().message);
  std::vector<std::string> marks;
  for (const auto& o : *found) {
    if (r.steering.wants_attention()) return {};
    MDLC_TRY(const auto to, file_for(o, o.relative, folder));
    MDLC_TRY(auto object, open_object(r, o.bucket, o.key));
    std::error_code error;
    std::filesystem::copy_file(fmt::format("/proc/self/fd/{}", object.fd()), to, error);
    if (error) return base::fail(fmt::format("Cannot copy s3://{}/{}: {}", o.bucket, o.key, error.message()));
    // The program may change them, and the folders on the way.
    for (auto p = to; geteuid() == 0 && p != folder; p = p.parent_path())
      if (lchown(p.c_str(), r.owner().uid, r.owner().gid) != 0)
        return base::fail(fmt::format("Cannot give s3://{}/{} to the job", o.bucket, o.key));
    std::filesystem::permissions(to, std::filesystem::perms{0644}, error);
    const sys::descriptor file{open(to.c_str(), O_RDONLY | O_CLOEXEC)};
    if (const auto stamp = stamp_of(file.get())) marks.push_back(mark_of(*stamp, as_utf8(o.relative)));
  }
  // An earlier try may have fetched them, too.
  r.forget_outputs();
  r.s.host.db.write([&](store::transaction& t) {
    for (const auto& mark : marks) mark_output(t, r.j.id, mark);
  });
  return {};
}

checkpoint_sync::checkpoint_sync(run& r) : run_(r), job_id_(r.j.id) {
  const auto* config = config_of(r.j);
  if (!config) return;
  auto place = parse_s3_uri(json::text(*config, "S3Uri"));
  if (!place) return;  // fetch_checkpoints has refused it
  to_ = *std::move(place);
  for (const auto& mark : r.outputs()) {
    const auto space = mark.find(' ');
    if (space != std::string::npos) stored_[mark.substr(space + 1)] = mark.substr(0, space);
  }
  thread_ = std::jthread{[this](const std::stop_token& ended) { watch(ended); }};
}

base::result<void> checkpoint_sync::finish() {
  if (!to_) return {};
  thread_.request_stop();
  thread_.join();
  return store(true, {});
}

void checkpoint_sync::watch(const std::stop_token& ended) {
  std::mutex mutex;
  std::condition_variable_any bell;
  std::unique_lock lock{mutex};
  while (!bell.wait_for(lock, ended, std::chrono::milliseconds{checkpoint_interval_ms},
                        [&] { return ended.stop_requested(); })) {
    // What fails now is tried again, and is the job's failure at its end.
    try {
      if (auto done = store(false, ended); !done)
        base::log::warning("sagemaker: checkpoints: {}", done.error().message);
    } catch (const store::failure& failure) {
      base::log::warning("sagemaker: checkpoints: {}", failure.what());
    }
  }
}

base::result<void> checkpoint_sync::store(bool all, const std::stop_token& ended) {
  // The program may move its folders about and put links in their place meanwhile: whatever is opened is below this.
  const sys::descriptor job{open(run_.folder().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  const auto folder = open_below(job.get(), sys::path{"ml"} / folder_name, O_RDONLY | O_DIRECTORY);
  if (!folder) return {};
  const sys::path root = fmt::format("/proc/self/fd/{}/", folder.get());
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at{root, error}, end; !error && at != end; at.increment(error)) {
    if (ended.stop_requested()) return {};
    if (!std::filesystem::is_regular_file(at->symlink_status(error))) continue;
    MDLC_CHECK(store_file(folder.get(), at->path().lexically_relative(root), all, ended));
  }
  if (error && all) return base::fail(fmt::format("The checkpoints cannot be read: {}", error.message()));
  return {};
}

base::result<void> checkpoint_sync::store_file(int folder, const sys::path& relative, bool all,
                                               const std::stop_token& ended) {
  const auto path = as_utf8(relative.string());
  const auto file = open_below(folder, relative, O_RDONLY | O_NONBLOCK);
  const auto now = file ? stamp_of(file.get()) : std::nullopt;
  if (!now) return {};
  const auto known = stored_.find(path);
  if (known != stored_.end() && known->second == *now) return {};
  if (std::exchange(seen_[path], *now) != *now && !all) return {};
  const s3_place to{to_->bucket, join_key(to_->key, path)};
  MDLC_TRY(const auto content, stage_file(run_, file.get(), to, [&] { return !ended.stop_requested(); }));
  if (!content || (!all && stamp_of(file.get()) != now)) return {};  // written to while it was read
  MDLC_CHECK(publish_staged(run_, *content, to, [&](store::transaction& t) {
    if (known != stored_.end()) unmark_output(t, job_id_, mark_of(known->second, path));
    mark_output(t, job_id_, mark_of(*now, path));
  }));
  stored_[path] = *now;
  return {};
}

}  // namespace mdlc::services::sagemaker
