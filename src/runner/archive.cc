#include "runner/archive.h"

#include <cerrno>
#include <cstring>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mdlc::runner {
namespace {

constexpr size_t block_bytes = 256 * 1024;

struct free_archive {
  void operator()(archive* a) const { archive_free(a); }
};
struct free_entry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using archive_ptr = std::unique_ptr<archive, free_archive>;
using entry_ptr = std::unique_ptr<archive_entry, free_entry>;

std::string_view reason(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "unknown error";
}

// Whether `target`, the text of a link in the folder `from` (relative to the root), leads to below the root. `..` is
// taken only at its beginning: behind a name, which may be a link itself, it would lead anywhere.
bool stays_inside(const sys::path& from, const sys::path& target) {
  if (target.is_absolute()) return false;
  auto depth = std::count_if(from.begin(), from.end(), [](const auto& part) { return !part.empty() && part != "."; });
  bool in_names = false;
  for (const auto& part : target) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      in_names = true;
    } else if (in_names || --depth < 0) {
      return false;
    }
  }
  return true;
}

bool is_safe_name(const sys::path& name) {
  return !name.empty() && !name.is_absolute() && std::find(name.begin(), name.end(), "..") == name.end();
}

class packer {
 public:
  packer(const sys::path& folder, const byte_sink& sink, const archive_limits& limits)
      : folder_(folder), sink_(sink), limits_(limits), archive_(archive_write_new()) {}

  base::result<packed> run() {
    archive_write_set_format_pax_restricted(archive_.get());
    archive_write_add_filter_gzip(archive_.get());
    archive_write_set_filter_option(archive_.get(), "gzip", "timestamp", nullptr);
    archive_write_set_bytes_in_last_block(archive_.get(), 1);
    if (archive_write_open(archive_.get(), this, nullptr, &packer::on_bytes, nullptr) != ARCHIVE_OK) return failed();
    MDLC_CHECK(add_folder({}));
    if (archive_write_close(archive_.get()) != ARCHIVE_OK) return failed();
    return packed_;
  }

 private:
  static la_ssize_t on_bytes(archive* a, void* self, const void* bytes, size_t count) {
    auto* p = static_cast<packer*>(self);
    auto taken = p->sink_({static_cast<const char*>(bytes), count});
    if (taken) return static_cast<la_ssize_t>(count);
    p->sink_error_ = taken.error().message;
    archive_set_error(a, EIO, "the archive's receiver failed");
    return -1;
  }

  tl::unexpected<base::error> failed() const {
    return base::fail(sink_error_.empty() ? fmt::format("cannot pack: {}", reason(archive_.get())) : sink_error_);
  }

  base::result<void> add_folder(const sys::path& relative) {
    std::vector<sys::path> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at{folder_ / relative, error}, end; !error && at != end;
         at.increment(error))
      names.push_back(at->path().filename());
    if (error) return base::fail(fmt::format("cannot pack the folder \"{}\": {}", relative.string(), error.message()));
    std::sort(names.begin(), names.end());
    for (const auto& name : names) MDLC_CHECK(add(relative / name));
    return {};
  }

  base::result<void> add(const sys::path& relative) {
    struct stat about;
    const auto full = folder_ / relative;
    if (lstat(full.c_str(), &about) != 0)
      return base::fail(fmt::format("cannot pack \"{}\": {}", relative.string(), std::strerror(errno)));
    std::string target;
    if (S_ISLNK(about.st_mode)) {
      std::error_code error;
      target = std::filesystem::read_symlink(full, error).string();
      if (error || !stays_inside(relative.parent_path(), target)) target.clear();
    }
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode) && target.empty()) {
      ++packed_.left_out;
      return {};
    }
    if (++packed_.entries > limits_.entries)
      return base::fail(fmt::format("more than {} files to pack", limits_.entries));
    sys::descriptor file;
    if (S_ISREG(about.st_mode)) {
      file = sys::descriptor{open(full.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
      if (!file || fstat(file.get(), &about) != 0)
        return base::fail(fmt::format("cannot read \"{}\": {}", relative.string(), std::strerror(errno)));
      packed_.bytes += about.st_size;
      if (packed_.bytes > limits_.bytes) return base::fail(fmt::format("more than {} bytes to pack", limits_.bytes));
    }
    MDLC_CHECK(write_header(relative, about, target));
    if (file) MDLC_CHECK(write_content(file.get(), about.st_size, relative));
    return S_ISDIR(about.st_mode) ? add_folder(relative) : base::result<void>{};
  }

  // Whose a file was is nobody's business: it was a user made for this job.
  base::result<void> write_header(const sys::path& relative, const struct stat& about, const std::string& target) {
    entry_ptr entry{archive_entry_new()};
    archive_entry_set_pathname(entry.get(), relative.c_str());
    archive_entry_set_mode(entry.get(), about.st_mode);
    archive_entry_set_mtime(entry.get(), about.st_mtim.tv_sec, 0);
    if (S_ISREG(about.st_mode)) archive_entry_set_size(entry.get(), about.st_size);
    if (!target.empty()) archive_entry_set_symlink(entry.get(), target.c_str());
    if (archive_write_header(archive_.get(), entry.get()) < ARCHIVE_WARN) return failed();
    return {};
  }

  base::result<void> write_content(int fd, int64_t size, const sys::path& relative) {
    std::string buffer(block_bytes, '\0');
    while (size > 0) {
      ssize_t got = read(fd, buffer.data(), static_cast<size_t>(std::min<int64_t>(size, block_bytes)));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return base::fail(fmt::format("cannot read \"{}\"", relative.string()));
      if (archive_write_data(archive_.get(), buffer.data(), static_cast<size_t>(got)) < 0) return failed();
      size -= got;
    }
    return {};
  }

  const sys::path& folder_;
  const byte_sink& sink_;
  const archive_limits& limits_;
  archive_ptr archive_;
  packed packed_;
  std::string sink_error_;
};

// The entry's place made absolute, or why it may not be written.
base::result<void> check_entry(archive_entry* entry, const sys::path& into, const std::optional<identity>& owner) {
  const char* text = archive_entry_pathname(entry);
  const sys::path name = text ? text : "";
  if (!is_safe_name(name))
    return base::fail(fmt::format("the archive's entry \"{}\" lies outside of it", name.string()));
  const auto type = archive_entry_filetype(entry);
  if (const char* hard = archive_entry_hardlink(entry)) {
    if (!is_safe_name(hard))
      return base::fail(fmt::format("the archive's link \"{}\" leads outside of it", name.string()));
    archive_entry_set_hardlink(entry, (into / hard).c_str());
  } else if (type == AE_IFLNK) {
    if (!stays_inside(name.parent_path(), archive_entry_symlink(entry)))
      return base::fail(fmt::format("the archive's link \"{}\" leads outside of it", name.string()));
  } else if (type != AE_IFREG && type != AE_IFDIR) {
    return base::fail(fmt::format("the archive's entry \"{}\" is no file, folder or link", name.string()));
  }
  archive_entry_set_pathname(entry, (into / name).c_str());
  archive_entry_set_perm(entry, (archive_entry_perm(entry) & 0777) | (type == AE_IFDIR ? 0755 : 0644));
  if (owner) {
    archive_entry_set_uid(entry, owner->uid);
    archive_entry_set_gid(entry, owner->gid);
  }
  return {};
}

base::result<void> copy_content(archive* from, archive* to, int64_t& left) {
  const void* block;
  size_t size;
  la_int64_t offset, reached = 0;
  while (true) {
    const int got = archive_read_data_block(from, &block, &size, &offset);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK) return base::fail(fmt::format("the archive is damaged: {}", reason(from)));
    left -= offset + static_cast<int64_t>(size) - reached;  // holes count too
    reached = offset + static_cast<int64_t>(size);
    if (left < 0) return base::fail("the archive is larger than allowed");
    if (archive_write_data_block(to, block, size, offset) != ARCHIVE_OK)
      return base::fail(fmt::format("cannot unpack: {}", std::strerror(archive_errno(to))));
  }
}

}  // namespace

base::result<packed> pack(const sys::path& folder, const byte_sink& sink, const archive_limits& limits) {
  return packer{folder, sink, limits}.run();
}

base::result<void> unpack(int fd, const sys::path& target, const std::optional<identity>& owner,
                          const archive_limits& limits) {
  std::error_code error;
  // Without links on the way: libarchive's check below looks at every part of the name.
  const auto into = std::filesystem::canonical(target, error);
  if (error) return base::fail(fmt::format("cannot unpack: {}", error.message()));
  archive_ptr in{archive_read_new()}, out{archive_write_disk_new()};
  archive_read_support_filter_gzip(in.get());
  archive_read_support_format_tar(in.get());
  archive_write_disk_set_options(out.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                                                (owner ? ARCHIVE_EXTRACT_OWNER : 0));
  if (archive_read_open_fd(in.get(), fd, block_bytes) != ARCHIVE_OK)
    return base::fail(fmt::format("this is no tar.gz archive: {}", reason(in.get())));
  int64_t left = limits.bytes;
  for (size_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(in.get(), &entry);
    if (got == ARCHIVE_EOF) break;
    if (got < ARCHIVE_WARN) return base::fail(fmt::format("this is no tar.gz archive: {}", reason(in.get())));
    if (entries >= limits.entries) return base::fail("the archive has more entries than allowed");
    MDLC_CHECK(check_entry(entry, into, owner));
    if (archive_write_header(out.get(), entry) < ARCHIVE_WARN)
      return base::fail(fmt::format("cannot unpack: {}", std::strerror(archive_errno(out.get()))));
    if (archive_entry_size(entry) > 0 && !archive_entry_hardlink(entry))
      MDLC_CHECK(copy_content(in.get(), out.get(), left));
    if (archive_write_finish_entry(out.get()) < ARCHIVE_WARN)
      return base::fail(fmt::format("cannot unpack: {}", std::strerror(archive_errno(out.get()))));
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK) return base::fail("cannot unpack");
  return {};
}

struct gunzip::state {
  archive_ptr in{archive_read_new()};
};

gunzip::gunzip(std::unique_ptr<state> s) : state_(std::move(s)) {}
gunzip::gunzip(gunzip&&) noexcept = default;
gunzip::~gunzip() = default;

base::result<gunzip> gunzip::open(int fd) {
  auto s = std::make_unique<state>();
  archive_read_support_filter_gzip(s->in.get());
  archive_read_support_format_raw(s->in.get());
  archive_read_support_format_empty(s->in.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_fd(s->in.get(), fd, block_bytes) != ARCHIVE_OK) return base::fail("this is not gzip");
  const int got = archive_read_next_header(s->in.get(), &entry);
  // Without the filter the bytes came through as they were.
  if (got != ARCHIVE_OK || archive_filter_code(s->in.get(), 0) != ARCHIVE_FILTER_GZIP)
    return base::fail("this is not gzip");
  return gunzip{std::move(s)};
}

base::result<size_t> gunzip::read(char* into, size_t count) {
  const auto got = archive_read_data(state_->in.get(), into, count);
  if (got < 0) return base::fail(fmt::format("the gzip stream is damaged: {}", reason(state_->in.get())));
  return static_cast<size_t>(got);
}

}  // namespace mdlc::runner
