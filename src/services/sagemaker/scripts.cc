#include "services/sagemaker/scripts.h"

#include <map>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "runner/archive.h"
#include "runner/environments.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/python_text.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view program_parameter = "sagemaker_program";
constexpr std::string_view source_parameter = "sagemaker_submit_directory";
// What the toolkit keeps for itself beside what begins with sagemaker_.
constexpr std::string_view own_parameters[] = {"_tuning_objective_metric", "default_user_module_name"};
constexpr int log_level_info = 20;
constexpr size_t log_end_bytes = 64 << 10;
constexpr size_t error_message_bytes = 600;
constexpr int64_t requirements_bytes_max = 1 << 20;
constexpr int64_t default_max_runtime_s = 86'400;
constexpr int ship_interval_ms = 500;

struct script {
  std::string program;                         // relative to the code
  std::string source;                          // s3://…, or a path that the program sees; empty: the image's own
  std::map<std::string, json::value> given;    // the user's hyperparameters, decoded
  std::map<std::string, json::value> toolkit;  // the sagemaker_* ones
};

const json::value& member(const json::object& o, std::string_view name) {
  static const json::value null;
  const auto* found = o.if_contains(name);
  return found ? *found : null;
}

script read_script(const job& j) {
  script s;
  if (const auto& all = member(j.request, "HyperParameters"); all.is_object())
    for (const auto& [name, value] : all.get_object()) {
      auto decoded = json::parse(json::view(value.as_string()));
      const std::string_view key{name.data(), name.size()};
      const bool is_toolkits =
          key.starts_with("sagemaker_") || std::count(std::begin(own_parameters), std::end(own_parameters), key);
      (is_toolkits ? s.toolkit : s.given)[std::string{key}] = decoded ? *std::move(decoded) : value;
    }
  const auto text = [&](std::string_view parameter, std::string_view variable) {
    if (const auto of_job = json::text(member(j.request, "Environment"), variable); !of_job.empty())
      return std::string{of_job};
    const auto found = s.toolkit.find(std::string{parameter});
    return found == s.toolkit.end() ? std::string{} : python_str(found->second);
  };
  s.program = text(program_parameter, "SAGEMAKER_PROGRAM");
  s.source = text(source_parameter, "SAGEMAKER_SUBMIT_DIRECTORY");
  return s;
}

// A plain path inside the code: no option, no way out, no word of a shell's.
bool is_plain_path(std::string_view name) {
  if (name.empty() || name[0] == '-' || name[0] == '/') return false;
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '/';
  });
  const sys::path path{name};
  return plain && std::none_of(path.begin(), path.end(), [](const auto& p) { return p == "." || p == ".."; });
}

std::vector<std::string> arguments_of(const script& s) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : s.given) {
    arguments.push_back((name.size() > 1 ? "--" : "-") + name);
    if (value.is_null()) {
      arguments.emplace_back();
    } else if (value.is_object()) {
      std::map<std::string, std::string> sorted;
      for (const auto& [key, one] : value.get_object()) sorted[std::string{key}] = python_str(one);
      std::vector<std::string> pairs;
      for (const auto& [key, one] : sorted) pairs.push_back(fmt::format("{}={}", key, one));
      arguments.push_back(fmt::format("{}", fmt::join(pairs, ",")));
    } else {
      arguments.push_back(python_str(value));
    }
  }
  return arguments;
}

std::vector<std::string> command_of(const script& s, const sys::path& code) {
  std::vector<std::string> command;
  std::error_code error;
  const bool is_python = s.program.ends_with(".py");
  if (s.program.ends_with(".sh"))
    command = {"/bin/sh", s.program};
  else if (std::filesystem::exists(code / "setup.py", error))
    command = {std::string{runner::environment_python}, "-m",
               is_python ? s.program.substr(0, s.program.size() - 3) : s.program};
  else if (is_python)
    command = {std::string{runner::environment_python}, s.program};
  else
    command = {"./" + s.program};
  auto arguments = arguments_of(s);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// The job's user may write there, as in a container.
base::result<void> give(const sys::path& folder, const runner::identity& who) {
  if (geteuid() != 0) return {};
  std::error_code error;
  const auto change = [&](const sys::path& p) { return lchown(p.c_str(), who.uid, who.gid) == 0; };
  bool done = change(folder);
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    done = change(at->path()) && done;
  if (error || !done) return base::fail("the code cannot be given to the job's user");
  return {};
}

base::result<void> unpack_code(run& r, int fd, std::string_view name, const sys::path& code) {
  auto done = runner::unpack(fd, code, geteuid() == 0 ? std::optional{r.owner()} : std::nullopt);
  if (!done) return base::fail(fmt::format("Failed to extract {}: {}", name, done.error().message));
  return {};
}

// `source` is a path that the program sees: a folder or an archive of a channel.
base::result<void> copy_code(run& r, const std::string& source, const sys::path& code) {
  constexpr std::string_view root = "/opt/ml/";
  const auto nowhere = base::fail(
      fmt::format("The hyperparameter {} is {}, which is neither an s3:// URI of an archive nor a folder or archive "
                  "below /opt/ml",
                  source_parameter, source));
  const auto relative = sys::path{source}.lexically_normal();
  if (!relative.string().starts_with(root)) return nowhere;
  const auto from = real_path(r.folder() / "ml", relative.string().substr(root.size()));
  if (!from) return nowhere;
  std::error_code error;
  if (std::filesystem::is_regular_file(*from, error)) {
    const sys::descriptor file{open(from->c_str(), O_RDONLY | O_CLOEXEC)};
    return unpack_code(r, file.get(), source, code);
  }
  std::filesystem::copy(*from, code, std::filesystem::copy_options::recursive, error);
  if (error) return base::fail(fmt::format("Cannot copy {}: {}", source, error.message()));
  // Objects are read-only files; a script may change its own copy.
  for (std::filesystem::recursive_directory_iterator at{code, error}, end; !error && at != end; at.increment(error))
    std::filesystem::permissions(at->path(), std::filesystem::perms::owner_write, std::filesystem::perm_options::add,
                                 error);
  return give(code, r.owner());
}

base::result<void> place_code(run& r, const script& s, const sys::path& code) {
  MDLC_CHECK(make_owned(code, r.owner()));
  if (s.source.empty()) return base::fail(fmt::format("The hyperparameter {} names no code", source_parameter));
  if (!s.source.starts_with("s3://")) return copy_code(r, s.source, code);
  MDLC_TRY(auto place, parse_s3_uri(s.source));
  MDLC_TRY(auto archive, open_object(r, place.bucket, place.key));
  return unpack_code(r, archive.fd(), s.source, code);
}

json::value read_config(const sys::path& ml, std::string_view name) {
  const auto text = sys::read_file(ml / "input" / "config" / name);
  auto parsed = text ? json::parse(*text) : base::fail("");
  return parsed ? *std::move(parsed) : json::value(json::object{});
}

json::object object_of(const std::map<std::string, json::value>& values) {
  json::object o;
  for (const auto& [name, value] : values) o[name] = value;
  return o;
}

// What the toolkit knows, by the names that it has there; SM_<NAME> and SM_TRAINING_ENV are made of it.
json::object facts_of(run& r, const script& s, const framework& f) {
  const auto ml = r.folder() / "ml";
  const auto resources = read_config(ml, "resourceconfig.json"), channels = read_config(ml, "inputdataconfig.json");
  json::object folders;
  for (const auto& [name, about] : channels.as_object()) folders[name] = fmt::format("/opt/ml/input/data/{}", name);
  auto level = s.toolkit.find("sagemaker_container_log_level");
  auto framework_parameters = s.toolkit;
  for (const auto* own : {"sagemaker_program", "sagemaker_submit_directory", "sagemaker_region", "sagemaker_job_name",
                          "sagemaker_container_log_level", "sagemaker_enable_cloudwatch_metrics", "sagemaker_s3_output",
                          "_tuning_objective_metric", "default_user_module_name"})
    framework_parameters.erase(own);
  const bool is_python = s.program.ends_with(".py");
  return {{"additional_framework_parameters", object_of(framework_parameters)},
          {"channel_input_dirs", std::move(folders)},
          {"current_host", "algo-1"},
          {"current_instance_group", "homogeneousCluster"},
          {"current_instance_group_hosts", json::array{"algo-1"}},
          {"current_instance_type", json::text(resources, "current_instance_type")},
          {"distribution_hosts", json::array{"algo-1"}},
          {"distribution_instance_groups", json::array{}},
          {"framework_module", f.module.empty() ? json::value(nullptr) : json::value(f.module)},
          {"hosts", json::array{"algo-1"}},
          {"hyperparameters", object_of(s.given)},
          {"input_config_dir", "/opt/ml/input/config"},
          {"input_data_config", channels},
          {"input_dir", "/opt/ml/input"},
          {"instance_groups", json::array{"homogeneousCluster"}},
          {"is_hetero", false},
          {"is_master", true},
          {"job_name", r.j.key.name},
          {"log_level", level == s.toolkit.end() ? json::value(log_level_info) : level->second},
          {"master_hostname", "algo-1"},
          {"model_dir", "/opt/ml/model"},
          {"module_dir", s.source},
          {"module_name", is_python ? s.program.substr(0, s.program.size() - 3) : s.program},
          {"network_interface_name", json::text(resources, "network_interface_name", "lo")},
          {"num_cpus", std::max(1u, std::thread::hardware_concurrency())},
          {"num_gpus", 0},
          {"num_neurons", 0},
          {"output_data_dir", "/opt/ml/output/data"},
          {"output_dir", "/opt/ml/output"},
          {"output_intermediate_dir", "/opt/ml/output/intermediate"},
          {"resource_config", resources},
          {"user_entry_point", s.program}};
}

void add_variables(run& r, const script& s, image& i) {
  const auto add = [&](std::string name, const json::value& value) {
    for (auto& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (name.find('=') != std::string::npos) return;  // no variable can have that name
    const auto text = value.is_null() ? "" : value.is_string() ? python_str(value) : python_json(value);
    i.environment.emplace_back("SM_" + name, text);
  };
  const auto facts = facts_of(r, s, *i.scripts);
  for (const auto* same : {"hosts",
                           "network_interface_name",
                           "user_entry_point",
                           "resource_config",
                           "input_data_config",
                           "output_data_dir",
                           "current_host",
                           "current_instance_type",
                           "current_instance_group",
                           "current_instance_group_hosts",
                           "instance_groups",
                           "distribution_instance_groups",
                           "is_hetero",
                           "module_name",
                           "log_level",
                           "framework_module",
                           "input_dir",
                           "input_config_dir",
                           "output_dir",
                           "num_cpus",
                           "num_gpus",
                           "num_neurons",
                           "model_dir",
                           "module_dir",
                           "output_intermediate_dir"})
    add(same, facts.at(same));
  std::vector<std::string> channels;
  for (const auto& [name, folder] : facts.at("channel_input_dirs").as_object()) {
    channels.emplace_back(name);
    add(fmt::format("channel_{}", name), folder);
  }
  std::sort(channels.begin(), channels.end());
  add("channels", json::array(channels.begin(), channels.end()));
  add("hps", facts.at("hyperparameters"));
  add("framework_params", facts.at("additional_framework_parameters"));
  add("training_env", facts);
  const auto arguments = arguments_of(s);
  add("user_args", json::array(arguments.begin(), arguments.end()));
  for (const auto& [name, value] : s.given) add(fmt::format("hp_{}", name), value);
}

int64_t ends_ms(const run& r) {
  const auto& condition = member(r.j.request, "StoppingCondition");
  const auto* bound = json::find(condition, "MaxRuntimeInSeconds");
  return *r.j.progress.started_ms + (bound && bound->is_int64() ? bound->get_int64() : default_max_runtime_s) * 1000;
}

// The last exception of a script's output, with what its author printed after it; else the last line.
std::string error_in(std::string_view log) {
  constexpr std::string_view header = "Traceback (most recent call last):";
  size_t begun = log.rfind(header);
  while (begun != std::string_view::npos) {
    begun = log.find('\n', begun);
    if (begun == std::string_view::npos || ++begun >= log.size()) return {};
    if (log[begun] != ' ' && log[begun] != '\n') break;
  }
  while (!log.empty() && std::isspace(static_cast<unsigned char>(log.back()))) log.remove_suffix(1);
  if (begun == std::string_view::npos) begun = log.rfind('\n') + 1;
  if (begun >= log.size()) return {};
  return std::string{log.substr(begun, error_message_bytes)};
}

std::string install_failed(const framework& f, const runner::install_failure& why, bool of_requirements) {
  if (why.why == runner::install_failure::cause::machine) return "ClientError: " + why.message;
  if (of_requirements)
    return fmt::format(
        "AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage \"{}\n\"\nCommand \"{} -m pip install -r "
        "requirements.txt\", exit code: 1",
        why.message, runner::environment_python);
  return fmt::format("ClientError: The packages of this image ({}) cannot be installed here: {}",
                     fmt::join(f.packages, ", "), why.message);
}

// Nothing if it was not finished.
base::result<sys::path> make_environment(run& r, const framework& f, const sys::path& code) {
  runner::environment_contents contents{.python = r.s.host.python, .packages = f.packages};
  contents.requirements = f.requirements;
  std::error_code error;
  const auto file = real_path(code, "requirements.txt");
  const bool has_own = file && std::filesystem::is_regular_file(*file, error);
  if (has_own && std::filesystem::file_size(*file, error) > requirements_bytes_max)
    return base::fail("ClientError: requirements.txt is too large");
  runner::append_log(r.folder(), f.note.empty() ? "" : f.note + "\n");
  const runner::environments store;
  log_shipper log{r};
  auto shipped = std::chrono::steady_clock::now();
  const runner::installing how{.identity_key = r.j.id,
                               .say = [&](std::string_view text) { runner::append_log(r.folder(), text); },
                               .cancelled =
                                   [&] {
                                     if (const auto now = std::chrono::steady_clock::now();
                                         now - shipped > std::chrono::milliseconds{ship_interval_ms}) {
                                       log.ship(false);
                                       shipped = now;
                                     }
                                     return r.steering.wants_attention() || r.now_ms() > ends_ms(r);
                                   }};
  const auto make = [&](std::string_view what, bool of_requirements) -> base::result<sys::path> {
    if (!store.has(contents)) {
      runner::append_log(r.folder(), fmt::format("Installing {}; this is done once\n", what));
      r.edit([&](job& row) {
        row.enter("Downloading", fmt::format("Installing {}; this is done once", what), r.now_ms());
      });
      log.ship(false);
    }
    auto made = store.make(contents, how);
    if (made) return *made;
    if (made.error().why == runner::install_failure::cause::cancelled) return sys::path{};
    return base::fail(install_failed(f, made.error(), of_requirements));
  };
  MDLC_TRY(auto base, make("the image's packages", false));
  if (!has_own || base.empty()) return base;
  contents.requirements.push_back({sys::read_file(*file).value_or(""), code});
  return make("the script's requirements.txt", true);
}

}  // namespace

bool runs_script(const job& j, const image& i) {
  return i.scripts && (i.train.empty() || !read_script(j).program.empty());
}

base::result<bool> prepare_environment(run& r, image& i, const framework& f, const sys::path& code) {
  MDLC_TRY(auto environment, make_environment(r, f, code));
  if (environment.empty()) {
    if (r.steering.wants_attention()) return false;
    r.edit([](job& row) { row.progress.over_runtime = true; });
    r.end_stopped();
    return false;
  }
  i.binds.push_back({environment, std::string{runner::environment_place}});
  i.environment.insert(i.environment.end(),
                       {{"PATH", std::string{runner::environment_path}}, {"PYTHONUNBUFFERED", "1"}});
  return true;
}

base::result<void> prepare_script(run& r, image& i) {
  const auto s = read_script(r.j);
  if (!is_plain_path(s.program))
    return base::fail(fmt::format(
        "ClientError: The hyperparameter {} names the script to run, relative to its folder, in letters, digits and "
        "._+-/; it is \"{}\"",
        program_parameter, s.program));
  const auto code = r.folder() / "ml" / "code";
  if (auto placed = place_code(r, s, code); !placed) return base::fail("ClientError: " + placed.error().message);
  MDLC_TRY(const bool ready, prepare_environment(r, i, *i.scripts, code));
  if (!ready) return {};
  i.train = command_of(s, code);
  i.working_folder = runner::code_place;
  i.environment.emplace_back("PYTHONPATH", runner::code_place);
  add_variables(r, s, i);
  runner::append_log(r.folder(), fmt::format("Invoking the script: {}\n", fmt::join(i.train, " ")));
  return {};
}

std::string script_failure(run& r, const runner::outcome& o) {
  const auto command = command_of(read_script(r.j), r.folder() / "ml" / "code");
  auto message = error_in(runner::read_log_end(r.folder(), log_end_bytes));
  if (!message.empty()) message += '\n';
  // The toolkit, as the container's program, ends with 1 whatever the script's code was.
  return fmt::format(
      "AlgorithmError: ExecuteUserScriptError:\nExitCode {}\nErrorMessage \"{}\"\nCommand \"{}\", exit code: 1",
      o.signal ? -*o.signal : o.exit_code.value_or(-1), message, fmt::join(command, " "));
}

}  // namespace mdlc::services::sagemaker
