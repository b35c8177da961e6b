#include "runner/program.h"

#include <unistd.h>

namespace mdlc::runner {
namespace {

struct limit_name {
  std::string_view name;
  int64_t limits::*member;
};
constexpr limit_name limit_names[] = {
    {"data_bytes", &limits::data_bytes}, {"address_space_bytes", &limits::address_space_bytes},
    {"cpu_s", &limits::cpu_s},           {"processes", &limits::processes},
    {"file_bytes", &limits::file_bytes}, {"open_files", &limits::open_files},
    {"tmp_bytes", &limits::tmp_bytes},   {"disk_bytes", &limits::disk_bytes},
};

}  // namespace

limits default_limits() {
  limits l;
  l.data_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return l;
}

json::object to_json(const program& p) {
  json::array argv(p.argv.begin(), p.argv.end());
  json::array environment;
  for (const auto& [name, value] : p.environment) environment.push_back(json::array{name, value});
  json::array binds;
  for (const auto& b : p.binds)
    binds.push_back(json::object{{"from", b.from.string()}, {"to", b.to}, {"writable", b.writable}});
  json::object limits;
  for (const auto& l : limit_names) limits[l.name] = p.limits.*l.member;
  return {{"argv", std::move(argv)},     {"environment", std::move(environment)},
          {"binds", std::move(binds)},   {"working_folder", p.working_folder},
          {"host_name", p.host_name},    {"network", p.network == network::shared ? "shared" : "none"},
          {"limits", std::move(limits)}, {"identity_key", p.identity_key}};
}

base::result<program> program_from_json(const json::value& from) try {
  const auto text = [](const json::value& v) { return boost::json::value_to<std::string>(v); };
  program p;
  for (const auto& a : from.at("argv").as_array()) p.argv.push_back(text(a));
  for (const auto& e : from.at("environment").as_array()) p.environment.emplace_back(text(e.at(0)), text(e.at(1)));
  for (const auto& b : from.at("binds").as_array())
    p.binds.push_back({text(b.at("from")), text(b.at("to")), b.at("writable").as_bool()});
  p.working_folder = text(from.at("working_folder"));
  p.host_name = text(from.at("host_name"));
  p.network = text(from.at("network")) == "shared" ? network::shared : network::none;
  for (const auto& l : limit_names)
    if (const auto* set = json::find(from.at("limits"), l.name)) p.limits.*l.member = set->to_number<int64_t>();
  p.identity_key = text(from.at("identity_key"));
  return p;
} catch (const std::exception& e) {
  return base::fail(fmt::format("a program's description is not readable: {}", e.what()));
}

}  // namespace mdlc::runner
