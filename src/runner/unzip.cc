#include <cerrno>
#include <cstring>

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "runner/zip.h"

namespace mdlc::runner {
namespace {

constexpr size_t block_bytes = 256 * 1024;

using outcome = base::result<void, unzip_error>;

tl::unexpected<unzip_error> fail(unzip_failure what, std::string message) {
  return tl::unexpected(unzip_error{what, std::move(message)});
}

struct free_archive {
  void operator()(archive* a) const { archive_free(a); }
};
using archive_ptr = std::unique_ptr<archive, free_archive>;

tl::unexpected<unzip_error> damaged(archive* a) {
  const char* why = archive_error_string(a);
  return fail(unzip_failure::not_a_zip, why ? why : "the archive cannot be read");
}

tl::unexpected<unzip_error> cannot_write(archive* to) {
  const int code = archive_errno(to);
  // What an archive says twice, once as a file and once as a folder or a link, is its own fault.
  if (code == EEXIST || code == ENOTDIR || code == EISDIR || code == ELOOP || code == ENAMETOOLONG)
    return fail(unzip_failure::not_a_zip, "the archive's names contradict each other");
  return fail(unzip_failure::machine, std::strerror(code));
}

bool is_safe_name(const sys::path& name) {
  return !name.empty() && !name.is_absolute() && std::find(name.begin(), name.end(), "..") == name.end();
}

// A link of an archive may point to what lies beside or below it, not up: nothing that needs following to judge.
bool is_safe_target(const char* target) { return target && is_safe_name(target); }

// Prepares an entry for writing below `into`.
outcome check_entry(archive_entry* entry, const sys::path& into) {
  const char* text = archive_entry_pathname(entry);
  const sys::path name = text ? text : "";
  if (!is_safe_name(name) || archive_entry_hardlink(entry))
    return fail(unzip_failure::unsafe_name, fmt::format("the entry \"{}\" lies outside of the archive", name.string()));
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFLNK && !is_safe_target(archive_entry_symlink(entry)))
    return fail(unzip_failure::unsafe_name, fmt::format("the link \"{}\" leads outside of the archive", name.string()));
  if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
    return fail(unzip_failure::unsafe_name, fmt::format("\"{}\" is no file, folder or link", name.string()));
  const bool runs = type == AE_IFDIR || (archive_entry_perm(entry) & 0111) != 0;
  archive_entry_set_perm(entry, runs ? 0755 : 0644);
  archive_entry_set_pathname(entry, (into / name).c_str());
  return {};
}

// An archive that begins with the directory's end holds nothing; libarchive does not take it for a zip.
bool is_bare_end(int fd) {
  char start[4];
  return pread(fd, start, sizeof start, 0) == sizeof start && std::string_view(start, sizeof start) == "PK\5\6";
}

outcome copy_content(archive* from, archive* to, int64_t& left) {
  const void* block;
  size_t size;
  la_int64_t offset, reached = 0;
  while (true) {
    const int got = archive_read_data_block(from, &block, &size, &offset);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK) return damaged(from);
    left -= offset + static_cast<int64_t>(size) - reached;
    reached = offset + static_cast<int64_t>(size);
    if (left < 0) return fail(unzip_failure::too_large, "the archive is larger than allowed");
    if (archive_write_data_block(to, block, size, offset) != ARCHIVE_OK) return cannot_write(to);
  }
}

}  // namespace

outcome unzip(int fd, const sys::path& target, const unzip_limits& limits) {
  std::error_code error;
  // Without links on the way: libarchive's check below looks at every part of the name.
  const auto into = std::filesystem::canonical(target, error);
  if (error) return fail(unzip_failure::machine, error.message());
  archive_ptr in{archive_read_new()}, out{archive_write_disk_new()};
  archive_read_support_format_zip_seekable(in.get());
  archive_write_disk_set_options(
      out.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT);
  if (is_bare_end(fd)) return fail(unzip_failure::empty, "the archive has no file");
  if (archive_read_open_fd(in.get(), fd, block_bytes) != ARCHIVE_OK) return damaged(in.get());
  int64_t left = limits.bytes;
  size_t files = 0;
  for (size_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(in.get(), &entry);
    if (got == ARCHIVE_EOF) break;
    if (got < ARCHIVE_WARN) return damaged(in.get());
    if (entries >= limits.entries) return fail(unzip_failure::too_large, "the archive has more entries than allowed");
    MDLC_CHECK(check_entry(entry, into));
    if (archive_entry_filetype(entry) != AE_IFDIR) ++files;
    if (archive_write_header(out.get(), entry) < ARCHIVE_WARN) return cannot_write(out.get());
    if (archive_entry_filetype(entry) == AE_IFREG) MDLC_CHECK(copy_content(in.get(), out.get(), left));
    if (archive_write_finish_entry(out.get()) < ARCHIVE_WARN) return cannot_write(out.get());
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK) return cannot_write(out.get());
  if (files == 0) return fail(unzip_failure::empty, "the archive has no file");
  return {};
}

}  // namespace mdlc::runner
