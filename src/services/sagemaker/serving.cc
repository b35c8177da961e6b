#include "services/sagemaker/serving.h"

#include <unistd.h>

#include "runner/archive.h"
#include "services/sagemaker/inputs.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr const char* default_script = "inference.py";
constexpr std::string_view archive_code = "/opt/ml/model/code";  // where the toolkit looks in a model's archive
constexpr std::string_view server_place = "/opt/mdlc/serve.py", meeting_place = "/opt/mdlc/run";
constexpr const char* requirements_file = "requirements.txt";
constexpr uintmax_t requirements_bytes_max = 1 << 20;

std::string variable(const serving& p, std::string_view name) {
  const auto* environment = p.container.if_contains("Environment");
  return environment ? std::string{json::text(*environment, name)} : std::string{};
}

base::result<blob::slice> open_archive(const serving& p, const std::string& url) {
  MDLC_TRY(auto place, parse_s3_uri(url));
  auto context = p.context;
  context.request_id = p.s.host.env.uuid();
  api::call c{p.s.host.db, std::move(context)};
  auto answer =
      p.s.host.operations.invoke("s3", "GetObject", c, json::object{{"Bucket", place.bucket}, {"Key", place.key}});
  if (!answer) return base::fail(fmt::format("Cannot read {}: {}", url, answer.error().message));
  if (!c.reply.body) return base::fail(fmt::format("Cannot read {}", url));
  return *std::move(c.reply.body);
}

base::result<void> unpack(const serving& p, const std::string& url, const sys::path& into) {
  const auto owner = runner::identity_for(p.identity_key);
  MDLC_CHECK(make_owned(into, owner));
  MDLC_TRY(auto archive, open_archive(p, url));
  auto done = runner::unpack(archive.fd(), into, geteuid() == 0 ? std::optional{owner} : std::nullopt);
  if (!done) return base::fail(fmt::format("Failed to extract model data archive {}: {}", url, done.error().message));
  return {};
}

bool is_file(const sys::path& ml, const sys::path& relative) {
  const auto found = real_path(ml, relative);
  std::error_code error;
  return found && std::filesystem::is_regular_file(*found, error);
}

// The user's own code, if any: `script` stays empty where the image's server is meant.
base::result<void> place_script(const serving& p, const image& i, laid_out& out) {
  const auto ml = p.folder / "ml";
  auto program = variable(p, "SAGEMAKER_PROGRAM");
  const bool is_wanted =
      i.scripts && (i.serve.empty() || !program.empty() || is_file(ml, sys::path{"model/code"} / default_script));
  if (!is_wanted) return {};
  if (program.empty()) program = default_script;
  const auto source = variable(p, "SAGEMAKER_SUBMIT_DIRECTORY");
  sys::path code = "model/code";
  if (source.starts_with("s3://")) {
    code = "code";
    MDLC_CHECK(unpack(p, source, ml / code));
  } else if (source.starts_with("/opt/ml/")) {
    code = sys::path{source.substr(std::string_view{"/opt/ml/"}.size())}.lexically_normal();
  }
  out.code = fmt::format("/opt/ml/{}", code.string());
  if (!is_file(ml, code / program))
    return base::fail(fmt::format(
        "The model has no {}/{}: a script that serves it stands in code/ of its archive, or where SAGEMAKER_PROGRAM "
        "and SAGEMAKER_SUBMIT_DIRECTORY of its environment say",
        out.code, program));
  out.script = program;
  return {};
}

base::result<sys::path> make_environment(const serving& p, const runner::environment_contents& contents,
                                         std::string_view what) {
  const runner::environments store;
  if (!store.has(contents)) p.say(fmt::format("Installing {}; this is done once\n", what));
  auto made = store.make(contents, {.identity_key = p.identity_key, .say = p.say, .cancelled = p.cancelled});
  if (made) return *made;
  return base::fail(fmt::format("{} cannot be installed: {}", what, made.error().message));
}

// The packages of `f`, and what the requirements.txt in `code`, a folder of this machine, asks for.
base::result<void> place_environment(const serving& p, const framework& f, const sys::path& code,
                                     std::string_view whose, laid_out& out) {
  runner::environment_contents contents{.python = p.s.host.python, .packages = f.packages};
  contents.requirements = f.requirements;
  if (!f.note.empty()) p.say(f.note + "\n");
  MDLC_TRY(auto made, make_environment(p, contents, "the image's packages"));
  if (is_file(code, requirements_file)) {
    const auto file = code / requirements_file;
    std::error_code error;
    if (std::filesystem::file_size(file, error) > requirements_bytes_max)
      return base::fail("requirements.txt is too large");
    contents.requirements.push_back({sys::read_file(file).value_or(""), code});
    MDLC_TRY(made, make_environment(p, contents, fmt::format("the {}'s requirements.txt", whose)));
  }
  out.environment = made.string();
  return {};
}

base::result<void> place_own_program(const serving& p, laid_out& out) {
  const auto program = p.folder / "program";
  std::error_code error;
  std::filesystem::remove_all(program, error);
  const std::string uri{json::text(p.container, "Image")};
  MDLC_TRY(auto taken, p.s.images.take(uri, program));
  if (!taken) return base::fail(fmt::format("The image {} was removed from the image table meanwhile", uri));
  out.own = taken->serve;
  const auto i = image_of(*taken);
  if (i.serve.front() != runner::environment_python && !is_file(program, requirements_file)) return {};
  return place_environment(p, *i.own, program, "image", out);
}

// The image as it was when it was laid out: the table's entry may be another by now.
base::result<image> image_for(const serving& p, const laid_out& l) {
  const std::string uri{json::text(p.container, "Image")};
  if (l.own.empty()) return find_image(p.s.images, uri);
  MDLC_TRY(auto self, own_binary());
  auto i = image_of(runner::own_image{.uri = uri, .train = {}, .serve = l.own, .program = {}});
  i.serve.insert(i.serve.begin(),
                 {std::string{own_binary_place}, "relay", fmt::format("{}/{}", meeting_place, serving_socket)});
  i.binds = {self, {p.folder / "program", std::string{program_place}}};
  if (l.environment.empty()) return i;
  i.binds.push_back({l.environment, std::string{runner::environment_place}});
  i.environment.insert(i.environment.end(),
                       {{"PATH", std::string{runner::environment_path}}, {"PYTHONUNBUFFERED", "1"}});
  return i;
}

}  // namespace

base::result<laid_out> lay_out(const serving& p) {
  MDLC_TRY(auto i, find_image(p.s.images, json::text(p.container, "Image")));
  if (i.serve.empty() && !i.scripts)
    return base::fail(fmt::format("The image {} has no model server here{}", json::text(p.container, "Image"),
                                  i.own ? ": mdlc image add --serve names one" : ""));
  const auto ml = p.folder / "ml";
  std::error_code error;
  std::filesystem::remove_all(ml, error);
  const auto owner = runner::identity_for(p.identity_key);
  MDLC_CHECK(make_owned(ml, owner));
  MDLC_CHECK(make_owned(ml / "model", owner));
  if (const std::string url{json::text(p.container, "ModelDataUrl")}; !url.empty())
    MDLC_CHECK(unpack(p, url, ml / "model"));
  laid_out out;
  MDLC_CHECK(place_script(p, i, out));
  if (!out.script.empty()) {
    const auto code = ml / sys::path{out.code}.lexically_relative("/opt/ml");
    MDLC_CHECK(place_environment(p, *i.scripts, code, "script", out));
    MDLC_CHECK(sys::write_file_durably(p.folder / "serve.py", script_server(), 0644));
  }
  if (i.own) MDLC_CHECK(place_own_program(p, out));
  return out;
}

base::result<runner::program> serving_program(const serving& p, const laid_out& l, const sys::path& meeting,
                                              const std::vector<std::pair<std::string, std::string>>& more) {
  MDLC_TRY(auto i, image_for(p, l));
  const bool is_script = !l.script.empty();
  // An own image's server is alone in its network, since several listen on one port.
  const bool is_closed = p.is_isolated || !l.own.empty() || (i.is_builtin && !is_script);
  const auto socket = fmt::format("{}/{}", meeting_place, serving_socket);
  runner::program program;
  program.argv = i.serve;
  program.binds = {{p.folder / "ml", "/opt/ml", true}, {meeting, std::string{meeting_place}, true}};
  program.binds.insert(program.binds.end(), i.binds.begin(), i.binds.end());
  program.working_folder = i.working_folder;
  if (is_script) {
    const bool is_xgboost = i.scripts->module.find("xgboost") != std::string::npos;
    program.argv = {std::string{runner::environment_python}, std::string{server_place}, socket, l.code, l.script,
                    is_xgboost ? "xgboost" : "sklearn"};
    program.binds.push_back({l.environment, std::string{runner::environment_place}});
    program.binds.push_back({p.folder / "serve.py", std::string{server_place}});
    program.working_folder = l.code;
    i.environment.insert(i.environment.end(), {{"PATH", std::string{runner::environment_path}},
                                               {"PYTHONPATH", l.code},
                                               {"PYTHONUNBUFFERED", "1"},
                                               {"SM_MODEL_DIR", "/opt/ml/model"}});
  }
  const auto* own = p.container.if_contains("Environment");
  program.environment = program_environment(p.s, p.context.scope, p.role, i, own, !is_closed);
  program.environment.insert(program.environment.end(), more.begin(), more.end());
  program.environment.emplace_back("MDLC_SERVE_SOCKET", socket);
  program.network = is_closed ? runner::network::none : runner::network::shared;
  program.identity_key = p.identity_key;
  return program;
}

std::vector<std::pair<std::string, std::string>> program_environment(service& s, const base::scope& scope,
                                                                     std::string_view role, const image& i,
                                                                     const json::value* of_request,
                                                                     bool with_credentials) {
  std::vector<std::pair<std::string, std::string>> e{
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/tmp"},
      {"LANG", "C.UTF-8"},
      {"AWS_REGION", scope.region},
      {"AWS_DEFAULT_REGION", scope.region}};
  if (with_credentials && s.host.assume_role) {
    const auto keys = s.host.assume_role(scope, role, "SageMaker");
    e.insert(e.end(), {{"AWS_ACCESS_KEY_ID", keys.access_key},
                       {"AWS_SECRET_ACCESS_KEY", keys.secret_key},
                       {"AWS_SESSION_TOKEN", keys.session_token},
                       {"AWS_ENDPOINT_URL", s.host.endpoint}});
  }
  e.insert(e.end(), i.environment.begin(), i.environment.end());
  if (of_request && of_request->is_object())
    for (const auto& [name, value] : of_request->get_object())
      if (value.is_string()) e.emplace_back(name, json::view(value.get_string()));
  return e;
}

}  // namespace mdlc::services::sagemaker
