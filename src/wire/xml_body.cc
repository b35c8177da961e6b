#include "wire/xml_body.h"

#include <fmt/format.h>

#include "wire/scalar.h"

namespace mdlc::wire {
namespace {

std::string_view named(const member& m, std::string_view otherwise) {
  return m.wire_name.empty() ? otherwise : m.wire_name;
}

bool is_flat(const member& m) { return m.flattened || m.target->flattened; }

base::result<json::value> read(const member& m, const xml::element& e);

base::result<json::value> read_list(const shape& s, const std::vector<const xml::element*>& items) {
  json::array out;
  for (const auto* item : items) {
    MDLC_TRY(auto value, read(*s.element, *item));
    out.push_back(std::move(value));
  }
  return out;
}

base::result<json::value> read_map(const shape& s, const std::vector<const xml::element*>& entries) {
  json::object out;
  for (const auto* entry : entries) {
    const auto* key = entry->find(named(*s.key, "key"));
    const auto* value = entry->find(named(*s.element, "value"));
    if (!key || !value) return base::fail(fmt::format("'{}' lacks its key or value", entry->name));
    MDLC_TRY(auto read_value, read(*s.element, *value));
    out.insert_or_assign(key->text, std::move(read_value));
  }
  return out;
}

std::vector<const xml::element*> children(const xml::element& e, std::string_view name) {
  std::vector<const xml::element*> out;
  for (const auto& c : e.children)
    if (name.empty() || c.name == name) out.push_back(&c);
  return out;
}

base::result<json::value> read_structure(const shape& s, const xml::element& e) {
  json::object out;
  for (const auto& m : s.members) {
    if (m.where != location::body) continue;
    auto name = named(m, m.name);
    if (m.xml_attribute) {
      for (const auto& [known, value] : e.attributes)
        if (known == name) out[m.name] = value;
      continue;
    }
    auto found = children(e, name);
    if (found.empty()) continue;
    if (is_flat(m)) {
      MDLC_TRY(auto value, m.target->type == kind::map ? read_map(*m.target, found) : read_list(*m.target, found));
      out[m.name] = std::move(value);
    } else {
      MDLC_TRY(auto value, read(m, *found.front()));
      out[m.name] = std::move(value);
    }
  }
  return out;
}

std::string_view trim(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

base::result<json::value> read(const member& m, const xml::element& e) {
  const auto& s = *m.target;
  switch (s.type) {
    case kind::structure:
      return read_structure(s, e);
    case kind::list:
      return read_list(s, children(e, named(*s.element, "member")));
    case kind::map:
      return read_map(s, children(e, "entry"));
    case kind::string:
      return json::value(e.text);
    default:
      break;
  }
  auto value = read_scalar(s, format_of(m, time_format::iso8601), trim(e.text));
  if (!value) return base::fail(fmt::format("'{}' is no value for {}", e.text, e.name));
  return *value;
}

void write_leaf(xml::writer& w, const member& m, std::string_view name, const json::value& v, xml_style style) {
  auto format = format_of(m, time_format::iso8601);
  auto text = print_scalar(*m.target, format, v);
  bool whole = m.target->type == kind::timestamp && format == time_format::iso8601 && text.ends_with(".000Z");
  if (whole && !style.time_with_fraction) text = text.substr(0, text.size() - 5) + "Z";
  w.leaf(name, text);
}

void write_named(xml::writer& w, const member& m, std::string_view name, const json::value& v, xml_style style);

void write_entry(xml::writer& w, const shape& map, std::string_view name, std::string_view key, const json::value& v,
                 xml_style style) {
  w.open(name);
  w.leaf(named(*map.key, "key"), key);
  write_named(w, *map.element, named(*map.element, "value"), v, style);
  w.close();
}

void write_structure(xml::writer& w, const member& m, std::string_view name, const json::value& v, xml_style style) {
  xml::writer::attributes attributes;
  if (!m.xml_namespace.empty()) attributes.emplace_back("xmlns", m.xml_namespace);
  for (const auto& inner : m.target->members) {
    if (!inner.xml_attribute) continue;
    // The only attribute in AWS's models is xsi:type.
    attributes.emplace_back("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    attributes.emplace_back(inner.wire_name, json::text(v, inner.name));
  }
  w.open(name, attributes);
  members_to_xml(w, *m.target, v, style);
  w.close();
}

void write_named(xml::writer& w, const member& m, std::string_view name, const json::value& v, xml_style style) {
  const auto& s = *m.target;
  if (s.type == kind::structure) return write_structure(w, m, name, v, style);
  if (s.type == kind::list && v.is_array()) {
    if (!is_flat(m)) w.open(name);
    auto inner = named(*s.element, is_flat(m) ? name : "member");
    for (const auto& item : v.get_array()) write_named(w, *s.element, inner, item, style);
    if (!is_flat(m)) w.close();
    return;
  }
  if (s.type == kind::map && v.is_object()) {
    if (!is_flat(m)) w.open(name);
    for (const auto& [key, value] : v.get_object()) write_entry(w, s, is_flat(m) ? name : "entry", key, value, style);
    if (!is_flat(m)) w.close();
    return;
  }
  write_leaf(w, m, name, v, style);
}

}  // namespace

base::result<json::value> from_xml(const shape& s, const xml::element& e) {
  return read(member{.name = s.name, .target = &s}, e);
}

void members_to_xml(xml::writer& w, const shape& structure, const json::value& v, xml_style style) {
  for (const auto& m : structure.members) {
    if (m.where != location::body || m.xml_attribute) continue;
    const auto* value = json::find(v, m.name);
    if (value && !value->is_null()) member_to_xml(w, m, *value, style);
  }
}

void member_to_xml(xml::writer& w, const member& m, const json::value& v, xml_style style) {
  write_named(w, m, named(m, m.name), v, style);
}

}  // namespace mdlc::wire
