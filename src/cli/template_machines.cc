#include "cli/template_machines.h"

#include <functional>
#include <map>

#include <fmt/format.h>

#include "asl/program.h"

namespace mdlc::cli {
namespace {

constexpr std::string_view some_function = "arn:aws:lambda:us-east-1:123456789012:function:placeholder";

using known = std::optional<std::string>;
using lookup = std::function<known(std::string_view name)>;

// A text under construction, which knows whether it is inside one of its JSON strings.
class builder {
 public:
  explicit builder(bool inside) : inside_(inside) {}

  void copy(std::string_view text, size_t from) {
    stretches_.push_back({out_.size(), from, true});
    append(text);
  }
  void fill(const known& value, size_t from) {
    stretches_.push_back({out_.size(), from, false});
    bool begins = out_.empty() || out_.ends_with('"');
    append(value ? std::string_view{*value} : !inside_ ? "1" : begins ? some_function : "placeholder");
  }

  std::string out() && { return std::move(out_); }
  const std::vector<stretch>& stretches() const { return stretches_; }

 private:
  void append(std::string_view text) {
    if (out_.size() > asl::max_definition_bytes) return;  // too large already, which the validation will say
    for (char c : text) {
      if (c == '"' && !escaped_) inside_ = !inside_;
      escaped_ = c == '\\' && !escaped_;
    }
    out_ += text;
  }

  std::string out_;
  std::vector<stretch> stretches_;
  bool inside_;
  bool escaped_ = false;
};

// Every ${name} of the text goes through `each`, which fills or copies it.
void walk(std::string_view text, builder& out,
          const std::function<void(std::string_view name, std::string_view whole, size_t at)>& each) {
  size_t at = 0;
  while (at < text.size()) {
    auto begin = text.find("${", at);
    auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    out.copy(text.substr(at, begin - at), at);
    each(text.substr(begin + 2, end - begin - 2), text.substr(begin, end + 1 - begin), begin);
    at = end + 1;
  }
  out.copy(text.substr(std::min(at, text.size())), at);
}

class evaluator {
 public:
  explicit evaluator(const json::value& document) : document_(document) {}

  // What the value is as a text; none where only a deployment knows it.
  known value(const json::value& v) const {
    if (v.is_string()) return std::string{json::view(v.get_string())};
    if (json::is_number(v) || v.is_bool()) return json::print(v);
    auto* call = the_call(v);
    if (!call) return {};
    const auto& [name, argument] = *call;
    if (name == "Ref" && argument.is_string()) return reference(json::view(argument.get_string()));
    if (name == "Fn::If") {
      auto* branch = chosen(argument);
      return branch ? value(*branch) : known{};
    }
    builder out{true};
    if (name == "Fn::Sub" && sub(argument, {}, out)) return std::move(out).out();
    if (name == "Fn::Join" && join(argument, {}, out)) return std::move(out).out();
    return {};
  }

  // The branch that an Fn::If's argument is taken to have.
  static const json::value* chosen(const json::value& argument) {
    if (!argument.is_array() || argument.get_array().size() != 3) return nullptr;
    const auto& list = argument.get_array();
    return json::text(list[1], "Ref") == "AWS::NoValue" ? &list[2] : &list[1];
  }

  // A value that is one function: {"Ref": …} or {"Fn::…": …}.
  static const json::object::value_type* the_call(const json::value& v) {
    if (!v.is_object() || v.get_object().size() != 1) return nullptr;
    const auto& member = *v.get_object().begin();
    std::string_view name = member.key();
    return name == "Ref" || name.starts_with("Fn::") ? &member : nullptr;
  }

  // Fn::Sub's argument; the machine's own substitutions apply to what it leaves. False where it is none.
  bool sub(const json::value& argument, const std::map<std::string, known>& own, builder& out) const {
    auto* text = &argument;
    std::map<std::string, known> variables;
    if (argument.is_array() && argument.get_array().size() == 2) {
      text = &argument.get_array()[0];
      if (auto* given = argument.get_array()[1].if_object())
        for (const auto& [name, v] : *given) variables[name] = value(v);
    }
    if (!text->is_string()) return false;
    walk(json::view(text->get_string()), out, [&](std::string_view name, std::string_view, size_t at) {
      if (name.starts_with('!')) {
        auto mine = own.find(std::string{name.substr(1)});
        return out.fill(mine != own.end() ? mine->second : known{fmt::format("${{{}}}", name.substr(1))}, at);
      }
      auto given = variables.find(std::string{name});
      out.fill(given != variables.end() ? given->second : reference(name), at);
    });
    return true;
  }

  // A text to which only the machine's own substitutions apply.
  static void plain(std::string_view text, const std::map<std::string, known>& own, builder& out) {
    walk(text, out, [&](std::string_view name, std::string_view whole, size_t at) {
      auto mine = own.find(std::string{name});
      mine == own.end() ? out.copy(whole, at) : out.fill(mine->second, at);
    });
  }

  bool join(const json::value& argument, const std::map<std::string, known>& own, builder& out) const {
    if (!argument.is_array() || argument.get_array().size() != 2) return false;
    const auto& list = argument.get_array();
    if (!list[0].is_string() || !list[1].is_array()) return false;
    bool first = true;
    for (const auto& part : list[1].get_array()) {
      if (!first) out.copy(json::view(list[0].get_string()), 0);
      first = false;
      part.is_string() ? plain(json::view(part.get_string()), own, out) : out.fill(value(part), 0);
    }
    return true;
  }

 private:
  known reference(std::string_view name) const {
    static const std::map<std::string_view, std::string> pseudo{
        {"AWS::Partition", "aws"},           {"AWS::Region", "us-east-1"},      {"AWS::AccountId", "123456789012"},
        {"AWS::URLSuffix", "amazonaws.com"}, {"AWS::StackName", "placeholder"},
    };
    if (auto it = pseudo.find(name); it != pseudo.end()) return it->second;
    auto* parameters = json::find(document_, "Parameters");
    auto* declared = parameters ? json::find(*parameters, name) : nullptr;
    if (!declared) return {};
    if (auto* given = json::find(*declared, "Default")) return value(*given);
    auto* allowed = json::find(*declared, "AllowedValues");
    if (allowed && allowed->is_array() && !allowed->get_array().empty()) return value(allowed->get_array()[0]);
    if (json::text(*declared, "Type") == "Number") return "1";
    return {};
  }

  const json::value& document_;
};

// A Definition's tree with its functions and substitutions resolved. A string that is one ${name} alone takes the
// value's own type.
json::value resolved(const evaluator& e, const json::value& v, const json::object& given,
                     const std::map<std::string, known>& own) {
  if (v.is_string()) {
    auto text = json::view(v.get_string());
    if (text.starts_with("${") && text.ends_with('}'))
      if (auto* whole = given.if_contains(text.substr(2, text.size() - 3)); whole && !whole->is_object()) return *whole;
    builder out{true};
    evaluator::plain(text, own, out);
    return json::value(std::move(out).out());
  }
  if (v.is_array()) {
    json::array out;
    for (const auto& element : v.get_array()) out.push_back(resolved(e, element, given, own));
    return out;
  }
  if (!v.is_object()) return v;
  if (auto* call = evaluator::the_call(v)) {
    if (call->key() == "Fn::If")
      if (auto* branch = evaluator::chosen(call->value())) return resolved(e, *branch, given, own);
    return json::value(e.value(v).value_or(std::string{some_function}));
  }
  json::object out;
  for (const auto& [name, member] : v.get_object()) out[name] = resolved(e, member, given, own);
  return out;
}

// The definition's text, from the DefinitionString in any of its forms.
void fill_in(const evaluator& e, const json::value& given, const std::map<std::string, known>& own,
             template_machine& m) {
  builder out{false};
  const json::value* text = nullptr;
  if (given.is_string()) {
    text = &given;
    evaluator::plain(json::view(given.get_string()), own, out);
  } else if (auto* call = evaluator::the_call(given); call && call->key() == "Fn::Sub") {
    if (!e.sub(call->value(), own, out)) return;
    bool long_form = call->value().is_array();
    text = long_form ? &call->value().get_array()[0] : &call->value();
    m.path += long_form ? "/Fn::Sub[0]" : "/Fn::Sub";
  } else if (!call || call->key() != "Fn::Join" || !e.join(call->value(), own, out)) {
    return;
  }
  if (text) {
    m.source = json::view(text->get_string());
    m.stretches = out.stretches();
  }
  m.definition = std::move(out).out();
}

}  // namespace

bool is_template(const json::value& document) {
  auto* resources = json::find(document, "Resources");
  return resources && resources->is_object() && !json::find(document, "StartAt") && !json::find(document, "States");
}

std::vector<template_machine> machines_of(const json::value& document) {
  std::vector<template_machine> out;
  evaluator e{document};
  static const json::object none;
  for (const auto& [id, resource] : json::find(document, "Resources")->get_object()) {
    auto* properties = json::find(resource, "Properties");
    if (json::text(resource, "Type") != "AWS::StepFunctions::StateMachine" || !properties) continue;
    auto* substitutions = json::find(*properties, "DefinitionSubstitutions");
    const auto& given = substitutions && substitutions->is_object() ? substitutions->get_object() : none;
    std::map<std::string, known> own;
    for (const auto& [name, value] : given) own[name] = e.value(value);
    template_machine m;
    m.id = id;
    m.express = json::text(*properties, "StateMachineType") == "EXPRESS";
    m.path = fmt::format("/Resources/{}/Properties", m.id);
    if (auto* text = json::find(*properties, "DefinitionString")) {
      m.path += "/DefinitionString";
      fill_in(e, *text, own, m);
    } else if (auto* tree = json::find(*properties, "Definition"); tree && tree->is_object()) {
      m.path += "/Definition";
      m.is_object = true;
      m.definition = json::print(resolved(e, *tree, given, own));
    }
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace mdlc::cli
