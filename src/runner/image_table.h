// Images of the user's own: a program of this machine under an image's URI, as `mdlc image add` puts it there.
//
//   <data folder>/images/
//     DIGEST.json      the entry of a URI; it appears and is replaced at once and whole
//     programs/NAME/   what an entry's program is made of: a copy, never changed
//     lock             held while an entry changes or its program is copied for a job
//
// Jobs run copies of their own, so that an entry can be replaced or removed at any time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/files.h"

namespace mdlc::runner {

// SageMaker's bound of an image's URI, and ours of what an image may bring.
inline constexpr size_t image_uri_length_max = 255;
inline constexpr size_t image_files_max = 10'000;
inline constexpr uintmax_t image_bytes_max = uintmax_t{1} << 30;
inline constexpr uintmax_t image_requirements_bytes_max = uintmax_t{1} << 20;

struct own_image {
  std::string uri;           // with its tag
  std::string train, serve;  // files of the program, relative; empty: it cannot do that
  std::string program;       // the folder's name in programs/
};

struct image_source {
  std::string uri;
  sys::path program;     // a script or executable that trains, or a folder with train or train.py, serve or serve.py
  sys::path serve = {};  // a file beside `program`, or relative to it where that is a folder
  sys::path requirements = {};  // becomes requirements.txt of the program
};

class image_table {
 public:
  explicit image_table(const sys::path& data_folder) : folder_(data_folder / "images") {}

  // Errors are for the person who types the command. Thread-safe, across processes too.
  base::result<own_image> add(const image_source&) const;
  base::result<void> remove(std::string_view uri) const;
  std::vector<own_image> list() const;  // by URI

  // A URI without a tag means :latest.
  std::optional<own_image> find(std::string_view uri) const;
  // The entry as it stands, its program copied to `into`, which must not exist; anybody may read it there.
  base::result<std::optional<own_image>> take(std::string_view uri, const sys::path& into) const;

 private:
  sys::path entry_of(std::string_view uri) const;
  base::result<sys::descriptor> lock() const;
  void drop_unnamed_programs() const;

  sys::path folder_;
};

}  // namespace mdlc::runner
