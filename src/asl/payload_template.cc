#include "asl/payload_template.h"

#include "asl/jsonata_expression.h"

namespace mdlc::asl {

struct payload_template::node {
  enum class kind { constant, object, array, computed } what = kind::constant;
  json::value constant;
  std::vector<std::string> names;                     // object
  std::vector<std::shared_ptr<const node>> children;  // object, array
  std::string field;                                  // computed
  std::shared_ptr<const expression> value;            // computed
};

base::result<std::shared_ptr<const payload_template::node>, std::string> payload_template::make(const json::value& v) {
  auto out = std::make_shared<node>();
  bool all_constant = true;
  if (v.is_object()) {
    out->what = node::kind::object;
    out->names.reserve(v.get_object().size());
    out->children.reserve(v.get_object().size());
    for (const auto& [key, member] : v.get_object()) {
      std::string name{key.data(), key.size()};
      if (name.ends_with(".$")) {
        auto child = std::make_shared<node>();
        child->what = node::kind::computed;
        child->field = name;
        auto e = member.is_string() ? parse_expression(json::view(member.get_string()))
                                    : base::result<std::shared_ptr<const expression>>(base::fail("no string"));
        if (!e) return tl::unexpected(name);
        child->value = std::move(*e);
        name.resize(name.size() - 2);
        all_constant = false;
        out->children.push_back(std::move(child));
      } else {
        MDLC_TRY(auto child, make(member));
        all_constant = all_constant && child->what == node::kind::constant;
        out->children.push_back(std::move(child));
      }
      out->names.push_back(std::move(name));
    }
  } else if (v.is_array()) {
    out->what = node::kind::array;
    for (const auto& element : v.get_array()) {
      MDLC_TRY(auto child, make(element));
      all_constant = all_constant && child->what == node::kind::constant;
      out->children.push_back(std::move(child));
    }
  }
  if (all_constant) {
    out->what = node::kind::constant;
    out->children.clear();
    out->constant = v;
  }
  return out;
}

auto payload_template::make_jsonata(const json::value& v, const std::string& location)
    -> base::result<std::shared_ptr<const node>, misfit> {
  auto out = std::make_shared<node>();
  bool all_constant = true;
  auto add = [&](const json::value& member, const std::string& at) -> base::result<void, misfit> {
    MDLC_TRY(auto child, make_jsonata(member, at));
    all_constant = all_constant && child->what == node::kind::constant;
    out->children.push_back(std::move(child));
    return {};
  };
  if (v.is_object()) {
    out->what = node::kind::object;
    for (const auto& [key, member] : v.get_object()) {
      out->names.emplace_back(key.data(), key.size());
      MDLC_CHECK(add(member, fmt::format("{}/{}", location, out->names.back())));
    }
  } else if (v.is_array()) {
    out->what = node::kind::array;
    for (size_t i = 0; i < v.get_array().size(); ++i)
      MDLC_CHECK(add(v.get_array()[i], fmt::format("{}[{}]", location, i)));
  } else if (v.is_string() && jsonata_expression::is_one(json::view(v.get_string()))) {
    auto e = jsonata_expression::parse(json::view(v.get_string()));
    if (!e) return tl::unexpected(misfit{location, e.error().text()});
    out->what = node::kind::computed;
    out->field = location;
    out->value = std::move(*e);
    return out;
  }
  if (all_constant) {
    out->what = node::kind::constant;
    out->children.clear();
    out->constant = v;
  }
  return out;
}

payload_template payload_template::of(std::shared_ptr<const node> root) {
  payload_template out;
  if (root->what == node::kind::constant) out.constant_ = document::from_tree(root->constant);
  out.root_ = std::move(root);
  return out;
}

base::result<payload_template, std::string> payload_template::compile(const json::value& v) {
  MDLC_TRY(auto root, make(v));
  return of(std::move(root));
}

base::result<payload_template, payload_template::misfit> payload_template::compile_jsonata(
    const json::value& v, const std::string& location) {
  MDLC_TRY(auto root, make_jsonata(v, location));
  return of(std::move(root));
}

base::result<json::value, payload_template::problem> payload_template::fill(const node& n, const scope& s) {
  switch (n.what) {
    case node::kind::constant:
      return n.constant;
    case node::kind::computed: {
      auto hit = n.value->evaluate(s);
      if (hit) return std::move(*hit).take();
      // AWS: an index beyond the array's end gives null here, and only here.
      if (hit.error().what == trouble::kind::missing && hit.error().index) return json::value(nullptr);
      return tl::unexpected(problem{n.field, n.value, std::move(hit).error()});
    }
    case node::kind::array: {
      json::array out;
      out.reserve(n.children.size());
      for (const auto& child : n.children) {
        MDLC_TRY(auto v, fill(*child, s));
        out.push_back(std::move(v));
      }
      return json::value(std::move(out));
    }
    case node::kind::object: {
      json::object out;
      out.reserve(n.children.size());
      for (size_t i = 0; i < n.children.size(); ++i) {
        MDLC_TRY(auto v, fill(*n.children[i], s));
        out[n.names[i]] = std::move(v);
      }
      return json::value(std::move(out));
    }
  }
  return json::value();
}

base::result<document, payload_template::problem> payload_template::evaluate(const scope& s) const {
  if (constant_) return constant_;
  MDLC_TRY(auto v, fill(*root_, s));
  return document::from_tree(std::move(v));
}

void payload_template::collect(const node& n, std::set<std::string>& out) {
  if (n.value) n.value->variables(out);
  for (const auto& child : n.children) collect(*child, out);
}

void payload_template::variables(std::set<std::string>& out) const {
  if (root_) collect(*root_, out);
}

const std::string* payload_template::text() const {
  return root_ && root_->what == node::kind::computed ? &root_->value->text() : nullptr;
}

std::vector<std::string> payload_template::names() const {
  if (!root_) return {};
  if (root_->what == node::kind::object) return root_->names;
  std::vector<std::string> out;
  if (root_->constant.is_object())
    for (const auto& [name, member] : root_->constant.get_object()) out.emplace_back(name.data(), name.size());
  return out;
}

}  // namespace mdlc::asl
