#include "runner/zip.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/log.h"

namespace mdlc::runner {

std::string zip_file(std::string_view name, std::string_view content) {
  std::string out(content.size() + name.size() * 2 + 1024, '\0');  // room for the headers; the text only shrinks
  size_t used = 0;
  auto* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  auto* entry = archive_entry_new();
  archive_entry_set_pathname(entry, std::string{name}.c_str());
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_mtime(entry, 315532800, 0);  // 1980-01-01: the earliest that zip can say
  bool written =
      archive_write_open_memory(writer, out.data(), out.size(), &used) == ARCHIVE_OK &&
      archive_write_header(writer, entry) == ARCHIVE_OK &&
      archive_write_data(writer, content.data(), content.size()) == static_cast<la_ssize_t>(content.size()) &&
      archive_write_close(writer) == ARCHIVE_OK;
  archive_entry_free(entry);
  archive_write_free(writer);
  if (!written) base::log::stop_process("libarchive cannot write a zip file into memory");
  out.resize(used);
  return out;
}

}  // namespace mdlc::runner
