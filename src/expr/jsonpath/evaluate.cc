#include <cmath>

#include "expr/jsonpath/steps.h"

namespace mdlc::expr::jsonpath {
namespace {

// How Jayway, over Java's maps and lists, calls a value's class in its messages.
std::string_view java_class(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "java.lang.Boolean";
    case json::kind::int64:
      return v.get_int64() > INT32_MAX || v.get_int64() < INT32_MIN ? "java.lang.Long" : "java.lang.Integer";
    case json::kind::uint64:
      return "java.math.BigInteger";
    case json::kind::double_:
      return "java.lang.Double";
    case json::kind::string:
      return "java.lang.String";
    case json::kind::array:
      return "java.util.ArrayList";
    case json::kind::object:
      return "java.util.LinkedHashMap";
  }
  return "";
}

std::optional<size_t> place(int64_t index, size_t size) {
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || index >= static_cast<int64_t>(size)) return {};
  return static_cast<size_t>(index);
}

// Collects all that an indefinite path matches.
class walker {
 public:
  walker(const std::vector<std::shared_ptr<const step>>& steps, const json::value& root, const limits& l)
      : steps_(steps), root_(root), limits_(l), left_(l.visits) {}

  bool exceeded() const { return exceeded_; }
  json::array take() { return std::move(hits_); }

  void walk(const json::value& v, size_t at) {
    if (!spend()) return;
    if (at == steps_.size() || steps_[at]->what == step::kind::function) {
      hits_.push_back(v);
      return;
    }
    const step& s = *steps_[at];
    using enum step::kind;
    switch (s.what) {
      case name:
        if (auto* member = json::find(v, s.names[0])) walk(*member, at + 1);
        return;
      case names:
        return pick(v, s, at);
      case wildcard:
        return each(v, [&](const json::value& child) { walk(child, at + 1); });
      case index:
      case indexes:
        if (v.is_array())
          for (auto i : s.indexes)
            if (auto p = place(i, v.get_array().size())) walk(v.get_array()[*p], at + 1);
        return;
      case slice:
        return cut(v, s, at);
      case filter:
        return sift(v, s, at);
      case descend:
        return dive(v, at + 1);
      case function:
        return;
    }
  }

 private:
  bool spend() {
    if (left_ == 0) exceeded_ = true;
    if (exceeded_) return false;
    --left_;
    return true;
  }

  // ['a','b'] as the last step gives one object with those members, as Jayway does; else each is followed.
  void pick(const json::value& v, const step& s, size_t at) {
    if (!v.is_object()) return;
    if (at + 1 == steps_.size()) {
      json::object out;
      for (const auto& n : s.names)
        if (auto* member = json::find(v, n)) out[n] = *member;
      hits_.push_back(std::move(out));
      return;
    }
    for (const auto& n : s.names)
      if (auto* member = json::find(v, n)) walk(*member, at + 1);
  }

  void cut(const json::value& v, const step& s, size_t at) {
    if (!v.is_array()) return;
    auto size = static_cast<int64_t>(v.get_array().size());
    auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
    int64_t to = s.to ? clamp(*s.to) : size;
    for (int64_t i = s.from ? clamp(*s.from) : 0; i < to && !exceeded_; ++i) walk(v.get_array()[i], at + 1);
  }

  void sift(const json::value& v, const step& s, size_t at) {
    auto consider = [&](const json::value& candidate) {
      if (spend() && passes(*s.test, candidate, root_, limits_)) walk(candidate, at + 1);
    };
    if (v.is_array())
      each(v, consider);
    else if (v.is_object())
      consider(v);
  }

  // Pre-order over v and everything below it. The depth is that of the JSON, which its parser bounds.
  void dive(const json::value& v, size_t at) {
    if (!spend()) return;
    bool fits = steps_[at]->what == step::kind::index || steps_[at]->what == step::kind::slice ||
                        steps_[at]->what == step::kind::indexes
                    ? v.is_array()
                    : v.is_structured();
    if (fits) walk(v, at);
    each(v, [&](const json::value& child) { dive(child, at); });
  }

  template <class F>
  void each(const json::value& v, F&& f) {
    if (v.is_array())
      for (const auto& child : v.get_array()) {
        if (exceeded_) return;
        f(child);
      }
    else if (v.is_object())
      for (const auto& [name, child] : v.get_object()) {
        if (exceeded_) return;
        f(child);
      }
  }

  const std::vector<std::shared_ptr<const step>>& steps_;
  const json::value& root_;
  const limits& limits_;
  size_t left_;
  bool exceeded_ = false;
  json::array hits_;
};

}  // namespace

std::optional<json::value> call(const step& function, const json::value& on) {
  const auto& name = function.names[0];
  if (name == "length" || name == "size") {
    if (on.is_array()) return json::value(on.get_array().size());
    if (on.is_object()) return json::value(on.get_object().size());
    if (on.is_string()) return json::value(on.get_string().size());
    return {};
  }
  if (name == "keys") {
    if (!on.is_object()) return {};
    json::array keys;
    for (const auto& [key, member] : on.get_object()) keys.emplace_back(key);
    return json::value(std::move(keys));
  }
  if (!on.is_array()) return {};
  const auto& list = on.get_array();
  if (name == "first" || name == "last" || name == "index") {
    int64_t wanted = name == "first" ? 0 : name == "last" ? -1 : function.indexes.empty() ? 0 : function.indexes[0];
    auto p = place(wanted, list.size());
    return p ? std::optional<json::value>(list[*p]) : std::nullopt;
  }
  double sum = 0, squares = 0, least = 0, most = 0;
  size_t count = 0;
  for (const auto& v : list) {
    if (!json::is_number(v)) continue;
    double d = json::to_double(v);
    least = count ? std::min(least, d) : d;
    most = count ? std::max(most, d) : d;
    sum += d;
    squares += d * d;
    ++count;
  }
  if (!count) return {};
  auto n = static_cast<double>(count);
  if (name == "min") return json::value(least);
  if (name == "max") return json::value(most);
  if (name == "sum") return json::value(sum);
  if (name == "avg") return json::value(sum / n);
  return json::value(std::sqrt(std::max(0.0, squares / n - sum * sum / n / n)));  // stddev
}

base::result<found, miss> path::evaluate(const json::value& root, size_t skip, const limits& l) const {
  auto missing = [&](miss::reason why, std::string message) { return tl::unexpected(miss{why, std::move(message)}); };
  const step* function = !steps_.empty() && steps_.back()->what == step::kind::function ? steps_.back().get() : nullptr;
  std::optional<found> hit;
  if (definite_) {
    const json::value* v = &root;
    size_t count = steps_.size() - (function ? 1 : 0);
    auto so_far = [&](size_t upto) {
      std::string out = "$";
      for (size_t i = 0; i < upto; ++i) out += steps_[i]->canonical();
      return out;
    };
    for (size_t i = skip; i < count; ++i) {
      const step& s = *steps_[i];
      if (s.what == step::kind::name) {
        if (!v->is_object())
          return missing(
              miss::reason::wrong_type,
              fmt::format("Expected to find an object with property {} in path {} but found '{}'. This is not a json "
                          "object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
                          s.canonical(), so_far(i), java_class(*v)));
        auto* member = json::find(*v, s.names[0]);
        if (!member && i + 1 < count)
          return missing(miss::reason::no_result, "Missing property in path " + so_far(i + 1));
        if (!member) return missing(miss::reason::no_result, "No results for path: " + canonical());
        v = member;
      } else {
        if (v->is_null()) return missing(miss::reason::wrong_type, fmt::format("The path {} is null", so_far(i)));
        if (!v->is_array())
          return missing(miss::reason::wrong_type,
                         fmt::format("Filter: {} can only be applied to arrays. Current context is: {}", s.canonical(),
                                     json::print(*v)));
        auto p = place(s.indexes[0], v->get_array().size());
        if (!p) return missing(miss::reason::index_out_of_range, "No results for path: " + canonical());
        v = &v->get_array()[*p];
      }
    }
    hit = found::at(*v);
  } else {
    walker w{steps_, root, l};
    w.walk(root, skip);
    if (w.exceeded()) return missing(miss::reason::exceeded, "The path visits more values than are allowed");
    hit = found::made(w.take());
  }
  if (!function) return std::move(*hit);
  auto result = call(*function, hit->get());
  if (!result)
    return missing(miss::reason::wrong_type,
                   fmt::format("Aggregation function attempted to calculate value using empty array"));
  return found::made(std::move(*result));
}

bool path::put(json::value& into, json::value v) const {
  json::value* at = &into;
  for (const auto& s : steps_) {
    if (s->what == step::kind::name) {
      if (at->is_null()) at->emplace_object();
      if (!at->is_object()) return false;
      at = &at->get_object()[s->names[0]];
    } else {
      if (!at->is_array()) return false;
      auto p = place(s->indexes[0], at->get_array().size());
      if (!p) return false;
      at = &at->get_array()[*p];
    }
  }
  *at = std::move(v);
  return true;
}

}  // namespace mdlc::expr::jsonpath
