#include "runner/image_table.h"

#include <set>
#include <thread>

#include <unistd.h>

#include "base/bytes.h"
#include "json/value.h"

namespace mdlc::runner {
namespace {

namespace fs = std::filesystem;

constexpr const char* programs = "programs";
constexpr int lock_poll_ms = 5, lock_patience_ms = 60'000;

std::string with_tag(std::string_view uri) {
  const auto slash = uri.rfind('/');
  const auto name = slash == std::string_view::npos ? uri : uri.substr(slash + 1);
  const bool has_tag = name.find_first_of(":@") != std::string_view::npos;
  return std::string{uri} + (has_tag ? "" : ":latest");
}

base::result<void> check_uri(std::string_view uri) {
  const bool is_plain = std::all_of(uri.begin(), uri.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (!uri.empty() && uri.size() <= image_uri_length_max && is_plain) return {};
  return base::fail(fmt::format("An image's URI has 1 to {} characters and no spaces, for example my-trainer:1",
                                image_uri_length_max));
}

own_image entry_from(const json::value& v) {
  return {.uri = std::string{json::text(v, "uri")},
          .train = std::string{json::text(v, "train")},
          .serve = std::string{json::text(v, "serve")},
          .program = std::string{json::text(v, "program")}};
}

std::string print(const own_image& i) {
  return json::print(json::object{{"uri", i.uri}, {"train", i.train}, {"serve", i.serve}, {"program", i.program}}) +
         "\n";
}

std::optional<own_image> read_entry(const sys::path& file) {
  const auto text = sys::read_file(file);
  if (!text) return {};
  auto parsed = json::parse(*text);
  if (!parsed) return {};
  return entry_from(*parsed);
}

// Files and folders alone: a link would point elsewhere in the job, a pipe would hang.
base::result<void> check_contents(const sys::path& folder) {
  std::error_code error;
  size_t files = 0;
  uintmax_t bytes = 0;
  fs::recursive_directory_iterator at{folder, error}, end;
  for (; !error && at != end; at.increment(error)) {
    if (at->is_symlink() || !(at->is_regular_file() || at->is_directory()))
      return base::fail(fmt::format("{} is neither a file nor a folder; an image's program is made of those alone",
                                    at->path().string()));
    if (++files > image_files_max)
      return base::fail(fmt::format("{} holds more than {} files", folder.string(), image_files_max));
    if (at->is_regular_file() && (bytes += at->file_size()) > image_bytes_max)
      return base::fail(fmt::format("{} holds more than {} MiB", folder.string(), image_bytes_max >> 20));
  }
  if (error) return base::fail(fmt::format("Cannot read {}: {}", folder.string(), error.message()));
  return {};
}

base::result<void> copy_in(const sys::path& from, const sys::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return base::fail(fmt::format("Cannot copy {} to {}: {}", from.string(), to.string(), error.message()));
  // Whoever the job runs as may read it, and run what could be run.
  constexpr auto read = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
  constexpr auto run = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  const auto open_up = [&](const sys::path& p) {
    const auto is = fs::status(p, error);
    const bool runs = fs::is_directory(is) || (is.permissions() & fs::perms::owner_exec) != fs::perms::none;
    fs::permissions(p, fs::perms::owner_write | read | (runs ? run : fs::perms::none), error);
  };
  open_up(to);
  if (!fs::is_directory(to, error)) return {};
  for (fs::recursive_directory_iterator at{to, error}, end; !error && at != end; at.increment(error))
    open_up(at->path());
  if (error) return base::fail(fmt::format("Cannot open {} to jobs: {}", to.string(), error.message()));
  return {};
}

base::result<void> check_starts(const sys::path& folder, const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(folder / file, error)) return base::fail(fmt::format("The program has no file {}", file));
  if (file.ends_with(".py") || file.ends_with(".sh") || ::access((folder / file).c_str(), X_OK) == 0) return {};
  return base::fail(fmt::format(
      "{} cannot be run: it is neither a .py nor a .sh file nor executable (chmod +x {}, and begin it with #!)", file,
      file));
}

// The first of the two that the folder has.
std::string first_of(const sys::path& folder, std::string_view name) {
  std::error_code error;
  for (const auto& file : {std::string{name}, std::string{name} + ".py"})
    if (fs::is_regular_file(folder / file, error)) return file;
  return {};
}

// Puts the program's files into `folder`, which is there and empty, and says which of them does what.
base::result<void> gather(const image_source& from, const sys::path& folder, own_image& out) {
  std::error_code error;
  const bool is_folder = fs::is_directory(from.program, error);
  if (!is_folder && !fs::is_regular_file(from.program, error))
    return base::fail(fmt::format("{} is neither a file nor a folder", from.program.string()));
  if (is_folder) {
    MDLC_CHECK(check_contents(from.program));
    fs::remove(folder, error);
    MDLC_CHECK(copy_in(from.program, folder));
    out.train = first_of(folder, "train");
    out.serve = from.serve.empty() ? first_of(folder, "serve") : from.serve.lexically_normal().string();
    if (from.serve.is_absolute() || out.serve.starts_with(".."))
      return base::fail(fmt::format("--serve names a file of {}, relative to it", from.program.string()));
    if (out.train.empty() && out.serve.empty())
      return base::fail(fmt::format("{} has none of train, train.py, serve and serve.py", from.program.string()));
  } else {
    out.train = from.program.filename().string();
    MDLC_CHECK(copy_in(from.program, folder / out.train));
    if (!from.serve.empty()) {
      out.serve = from.serve.filename().string();
      if (out.serve != out.train) MDLC_CHECK(copy_in(from.serve, folder / out.serve));
    }
  }
  if (!from.requirements.empty()) {
    fs::remove(folder / "requirements.txt", error);
    MDLC_CHECK(copy_in(from.requirements, folder / "requirements.txt"));
  }
  for (const auto& file : {out.train, out.serve})
    if (!file.empty()) MDLC_CHECK(check_starts(folder, file));
  return {};
}

}  // namespace

sys::path image_table::entry_of(std::string_view uri) const {
  return folder_ / (base::to_hex(base::sha256(with_tag(uri))) + ".json");
}

base::result<sys::descriptor> image_table::lock() const {
  MDLC_CHECK(sys::make_folder(folder_ / programs, 0700));
  for (int waited_ms = 0; waited_ms < lock_patience_ms; waited_ms += lock_poll_ms) {
    MDLC_TRY(auto held, sys::try_lock(folder_ / "lock"));
    if (held) return held;
    std::this_thread::sleep_for(std::chrono::milliseconds{lock_poll_ms});
  }
  return base::fail("The image table is being changed by another program that does not end");
}

base::result<own_image> image_table::add(const image_source& from) const {
  MDLC_CHECK(check_uri(from.uri));
  own_image made{.uri = with_tag(from.uri), .train = {}, .serve = {}, .program = {}};
  if (!from.requirements.empty()) {
    std::error_code error;
    if (fs::file_size(from.requirements, error) > image_requirements_bytes_max && !error)
      return base::fail(fmt::format("{} is too large for a list of packages", from.requirements.string()));
  }
  MDLC_TRY(auto held, lock());
  std::string place = (folder_ / programs / "XXXXXX").string();
  if (!::mkdtemp(place.data())) return base::fail(fmt::format("Cannot make a folder in {}", folder_.string()));
  made.program = sys::path{place}.filename().string();
  auto done = gather(from, place, made);
  if (done) done = sys::write_file_durably(entry_of(made.uri), print(made));
  drop_unnamed_programs();
  if (!done) return tl::unexpected(done.error());
  return made;
}

base::result<void> image_table::remove(std::string_view uri) const {
  MDLC_TRY(auto held, lock());
  std::error_code error;
  if (!fs::remove(entry_of(uri), error))
    return base::fail(fmt::format("There is no image {}; mdlc image list shows those there are", with_tag(uri)));
  MDLC_CHECK(sys::sync_folder(folder_));
  drop_unnamed_programs();
  return {};
}

// What a replaced or removed entry leaves, and an addition that was interrupted.
void image_table::drop_unnamed_programs() const {
  std::set<std::string> named;
  for (const auto& i : list()) named.insert(i.program);
  std::error_code error;
  for (fs::directory_iterator at{folder_ / programs, error}, end; !error && at != end; at.increment(error))
    if (std::error_code ignored; !named.contains(at->path().filename().string())) fs::remove_all(at->path(), ignored);
}

std::vector<own_image> image_table::list() const {
  std::vector<own_image> out;
  std::error_code error;
  for (fs::directory_iterator at{folder_, error}, end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".json")
      if (auto entry = read_entry(at->path())) out.push_back(*std::move(entry));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.uri < b.uri; });
  return out;
}

std::optional<own_image> image_table::find(std::string_view uri) const { return read_entry(entry_of(uri)); }

base::result<std::optional<own_image>> image_table::take(std::string_view uri, const sys::path& into) const {
  MDLC_TRY(auto held, lock());
  auto entry = find(uri);
  if (entry) MDLC_CHECK(copy_in(folder_ / programs / entry->program, into));
  return entry;
}

}  // namespace mdlc::runner
