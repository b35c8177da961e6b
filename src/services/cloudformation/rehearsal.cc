#include "services/cloudformation/rehearsal.h"

#include <fmt/format.h>

#include "services/cloudformation/evaluate.h"

namespace mdlc::services::cloudformation {
namespace {

class stage {
 public:
  stage(const parsed_template& t, const std::map<std::string, std::string>& parameters, const stack_identity& stack)
      : template_(t) {
    around_.account = stack.scope.account;
    around_.region = stack.scope.region;
    around_.stack_id = stack.id;
    around_.stack_name = stack.name;
    around_.parameters = parameters;
    around_.physical_id = [this](const std::string& id) { return made(id); };
    around_.attribute = [this](const std::string& id, const std::string&) { return made(id); };
    around_.import_value = [this](const std::string& name) -> api::answer<json::value> {
      open_ = true;
      out_.imports.insert(name);
      return json::value(name);
    };
  }

  api::answer<rehearsal> run() {
    for (const auto& [name, declared] : template_.conditions) MDLC_CHECK(expressions_.condition(std::string{name}));
    block_ = "Resources";
    for (const auto& [id, declared] : template_.resources) {
      MDLC_TRY(bool holds, expressions_.condition(declared.condition));
      if (!holds || !declared.properties.is_object()) continue;
      for (const auto& [name, value] : declared.properties.get_object()) MDLC_CHECK(attempt(value));
    }
    block_ = "Outputs";
    for (const auto& [name, declared] : template_.outputs) {
      MDLC_TRY(bool holds, expressions_.condition(declared.condition));
      if (!holds) continue;
      MDLC_CHECK(attempt(declared.value, true));
      if (declared.export_name) MDLC_CHECK(attempt(*declared.export_name, true));
    }
    return std::move(out_);
  }

 private:
  // A stand-in for what a resource will give; an error for one that its condition leaves out.
  api::answer<json::value> made(const std::string& id) {
    auto declared = template_.resources.find(id);
    if (declared != template_.resources.end()) {
      MDLC_TRY(bool holds, expressions_.condition(declared->second.condition));
      if (holds) {
        open_ = true;
        return json::value(id);
      }
    }
    never_made_ = true;
    return api::refuse("ValidationError",
                       fmt::format("Template format error: Unresolved resource dependencies [{}] in the {} block of "
                                   "the template",
                                   id, block_));
  }

  // An error counts only where it does not come from a stand-in.
  api::answer<void> attempt(const json::value& v, bool is_output = false) {
    open_ = never_made_ = false;
    api::answer<void> done;
    if (is_output) {
      if (auto text = output_text(expressions_, v); !text) done = tl::unexpected(text.error());
    } else if (auto value = expressions_.evaluate(v); !value) {
      done = tl::unexpected(value.error());
    }
    if (!done && open_ && !never_made_) return {};
    return done;
  }

  const parsed_template& template_;
  surroundings around_;
  evaluator expressions_{template_, around_};
  rehearsal out_;
  std::string_view block_;
  bool open_ = false;
  bool never_made_ = false;
};

}  // namespace

api::answer<rehearsal> rehearse(const parsed_template& t, const std::map<std::string, std::string>& parameters,
                                const stack_identity& stack) {
  return stage{t, parameters, stack}.run();
}

}  // namespace mdlc::services::cloudformation
