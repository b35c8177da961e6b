#include "services/states/integrations/sdk_form.h"

#include <cctype>
#include <cmath>

#include "base/bytes.h"
#include "base/time.h"

namespace mdlc::services::states::integrations {
namespace {

using wire::kind;

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
char to_lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string capitalised(std::string_view name) {
  std::string out{name};
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

// SSEKMSKeyId → SsekmsKeyId: of several capitals only the first stays, and the one that begins the next word.
std::string recased(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    bool after_upper = i > 0 && is_upper(name[i - 1]);
    bool begins_word = i + 1 < name.size() && std::islower(static_cast<unsigned char>(name[i + 1]));
    out += after_upper && !begins_word ? to_lower(name[i]) : name[i];
  }
  return out;
}

const wire::member* member_named(const wire::shape& s, std::string_view name) {
  for (const auto& m : s.members)
    if (auto c = capitalised(m.name); c == name || recased(c) == name) return &m;
  return nullptr;
}

std::string as_text(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
}

// 2013-07-01T12:30:00Z, and with a fraction only where there is one: java.time.Instant's words.
std::string instant_text(double seconds) {
  auto ms = std::llround(seconds * 1000);
  auto at = base::from_ms(ms);
  return ms % 1000 == 0 ? base::to_iso8601_seconds(at) : base::to_iso8601(at);
}

json::value time_input(const json::value& v) {
  if (!v.is_string()) return v;
  auto at = base::from_iso8601(json::view(v.get_string()));
  return at ? json::value(static_cast<double>(base::to_ms(*at)) / 1000) : v;
}

}  // namespace

json::value to_input(const wire::shape& s, const json::value& given, std::vector<std::string>& unknown) {
  switch (s.type) {
    case kind::structure: {
      if (!given.is_object()) return given;
      json::object out;
      for (const auto& [name, value] : given.get_object()) {
        auto* m = member_named(s, {name.data(), name.size()});
        if (!m)
          unknown.emplace_back(name);
        else if (!value.is_null())
          out[m->name] = to_input(*m->target, value, unknown);
      }
      return out;
    }
    case kind::list: {
      if (!given.is_array()) return given;
      json::array out;
      for (const auto& v : given.get_array()) out.push_back(to_input(*s.element->target, v, unknown));
      return out;
    }
    case kind::map: {
      if (!given.is_object()) return given;
      json::object out;
      for (const auto& [name, value] : given.get_object()) out[name] = to_input(*s.element->target, value, unknown);
      return out;
    }
    case kind::string:
      return given.is_string() ? given : json::value(as_text(given));
    case kind::blob:
      return json::value(base::to_base64(as_text(given)));
    case kind::timestamp:
      return time_input(given);
    default:
      return given;
  }
}

json::value to_result(const wire::shape& s, const json::value& output, times t) {
  switch (s.type) {
    case kind::structure: {
      if (!output.is_object()) return output;
      json::object out;
      for (const auto& m : s.members) {
        if (auto* v = output.get_object().if_contains(m.name); v && !v->is_null())
          out[capitalised(m.name)] = to_result(*m.target, *v, t);
        else if (m.where == wire::location::headers)  // the SDK always shows it
          out[capitalised(m.name)] = json::object();
      }
      return out;
    }
    case kind::list: {
      if (!output.is_array()) return output;
      json::array out;
      for (const auto& v : output.get_array()) out.push_back(to_result(*s.element->target, v, t));
      return out;
    }
    case kind::map: {
      if (!output.is_object()) return output;
      json::object out;
      for (const auto& [name, value] : output.get_object()) out[name] = to_result(*s.element->target, value, t);
      return out;
    }
    case kind::blob: {
      if (!output.is_string()) return output;
      auto bytes = base::from_base64(json::view(output.get_string()));
      return bytes ? json::value(*bytes) : output;
    }
    case kind::timestamp: {
      if (!json::is_number(output)) return output;
      auto seconds = json::to_double(output);
      if (t == times::iso8601) return json::value(instant_text(seconds));
      return json::value(static_cast<int64_t>(std::llround(seconds * 1000)));
    }
    default:
      return output;
  }
}

void find_unknown(const wire::shape& s, const json::value& given, std::vector<std::string>& unknown) {
  if (s.type == kind::structure && given.is_object()) {
    for (const auto& [key, value] : given.get_object()) {
      std::string_view name{key.data(), key.size()};
      bool is_path = name.ends_with(".$");
      if (is_path) name.remove_suffix(2);
      auto* m = member_named(s, name);
      if (!m)
        unknown.emplace_back(name);
      else if (!is_path)
        find_unknown(*m->target, value, unknown);
    }
  } else if (s.type == kind::list && given.is_array()) {
    for (const auto& v : given.get_array()) find_unknown(*s.element->target, v, unknown);
  } else if (s.type == kind::map && given.is_object()) {
    for (const auto& entry : given.get_object()) find_unknown(*s.element->target, entry.value(), unknown);
  }
}

std::string sdk_name(std::string_view service_id) {
  std::string joined;
  for (char c : service_id)
    if (c != ' ') joined += c;
  return recased(joined);
}

}  // namespace mdlc::services::states::integrations
