#include "cli/running.h"

#include <csignal>

#include "json/value.h"

namespace mdlc::cli {
namespace {

constexpr std::string_view file_name = "server.json";

}  // namespace

base::result<void> write_running(const sys::path& data_folder, const running& r) {
  return sys::write_file_durably(data_folder / file_name,
                                 json::print(json::object{{"pid", r.pid}, {"endpoint", r.endpoint}}) + "\n", 0644);
}

void remove_running(const sys::path& data_folder) {
  std::error_code ignored;
  std::filesystem::remove(data_folder / file_name, ignored);
}

base::result<running> read_running(const sys::path& data_folder) {
  auto nobody = base::fail(fmt::format("No server runs on {}. Start one: mdlc up --data-dir {}", data_folder.string(),
                                       data_folder.string()));
  auto text = sys::read_file(data_folder / file_name);
  if (!text) return nobody;
  auto parsed = json::parse(*text);
  const auto* pid = parsed ? json::find(*parsed, "pid") : nullptr;
  if (!pid || !pid->is_int64()) return nobody;
  // A server that was killed leaves its file behind.
  if (::kill(static_cast<pid_t>(pid->get_int64()), 0) != 0 && errno == ESRCH) return nobody;
  return running{pid->get_int64(), std::string{json::text(*parsed, "endpoint")}};
}

}  // namespace mdlc::cli
