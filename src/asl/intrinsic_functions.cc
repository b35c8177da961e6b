#include "asl/intrinsic_functions.h"

#include <cmath>

#include "asl/intrinsic.h"
#include "base/bytes.h"
#include "base/utf8.h"

namespace mdlc::asl {
namespace {

using arguments = std::span<const json::value>;
using answer = base::result<json::value>;

constexpr size_t any_number = SIZE_MAX;

// A number as a whole one: rounded as Java's Math.round does.
std::optional<int64_t> whole(const json::value& v) {
  if (v.is_int64()) return v.get_int64();
  if (v.is_double() && std::abs(v.get_double()) < 9e18) return static_cast<int64_t>(std::floor(v.get_double() + 0.5));
  return {};
}

answer refuse(std::string_view why) { return base::fail(std::string{why}); }

// As Java's toString shows maps and lists: {a=1, b=[x, y]}.
void show(std::string& out, const json::value& v) {
  if (v.is_string()) {
    out += json::view(v.get_string());
  } else if (v.is_array()) {
    out += '[';
    for (size_t i = 0; i < v.get_array().size(); ++i) {
      if (i) out += ", ";
      show(out, v.get_array()[i]);
    }
    out += ']';
  } else if (v.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : v.get_object()) {
      if (!first) out += ", ";
      first = false;
      out += std::string_view{name.data(), name.size()};
      out += '=';
      show(out, member);
    }
    out += '}';
  } else {
    out += json::print(v);
  }
}

answer format(arguments a, chance&) {
  if (!a[0].is_string()) return refuse("The first argument to States.Format must be a string.");
  auto text = json::view(a[0].get_string());
  std::string out;
  size_t next = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() &&
        std::string_view{"{}\\"}.find(text[i + 1]) != std::string_view::npos) {
      out += text[++i];
    } else if (text.substr(i, 2) == "{}") {
      if (next >= a.size()) return refuse("Invalid arguments: the template has more places than there are arguments.");
      show(out, a[next++]);
      ++i;
    } else {
      out += text[i];
    }
  }
  if (next != a.size()) return refuse("Invalid arguments: there are more arguments than the template has places.");
  return json::value(json::string(out));
}

answer string_to_json(arguments a, chance&) {
  if (!a[0].is_string()) return refuse("The argument to States.StringToJson must be a string.");
  auto text = json::view(a[0].get_string());
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::value(nullptr);  // as AWS does
  auto parsed = json::parse(text);
  if (!parsed) return refuse("Invalid JSON string: " + parsed.error().message);
  return std::move(*parsed);
}

answer json_to_string(arguments a, chance&) { return json::value(json::string(json::print(a[0]))); }

answer array(arguments a, chance&) { return json::value(json::array(a.begin(), a.end())); }

answer array_partition(arguments a, chance&) {
  auto size = whole(a[1]);
  if (!a[0].is_array() || !size) return refuse("States.ArrayPartition takes an array and an integer.");
  if (*size <= 0) return refuse("The second argument to States.ArrayPartition must be a positive, non-zero integer.");
  json::array out;
  for (const auto& v : a[0].get_array()) {
    if (out.empty() || out.back().get_array().size() == static_cast<size_t>(*size)) out.emplace_back(json::array{});
    out.back().get_array().push_back(v);
  }
  return json::value(std::move(out));
}

answer array_contains(arguments a, chance&) {
  if (!a[0].is_array()) return refuse("The first argument to States.ArrayContains must be an array.");
  const auto& list = a[0].get_array();
  return json::value(std::find(list.begin(), list.end(), a[1]) != list.end());
}

answer array_range(arguments a, chance&) {
  auto from = whole(a[0]), to = whole(a[1]), by = whole(a[2]);
  if (!from || !to || !by) return refuse("The arguments to States.ArrayRange must be integers.");
  if (*by == 0) return refuse("The third argument to States.ArrayRange must not be zero.");
  json::array out;
  for (__int128 i = *from; *by > 0 ? i <= *to : i >= *to; i += *by) {
    if (out.size() == static_cast<size_t>(max_range_items))
      return refuse("States.ArrayRange must not generate more than 1000 elements.");
    out.emplace_back(static_cast<int64_t>(i));
  }
  return json::value(std::move(out));
}

answer array_get_item(arguments a, chance&) {
  auto index = whole(a[1]);
  if (!a[0].is_array() || !index) return refuse("States.ArrayGetItem takes an array and an integer.");
  if (*index < 0 || static_cast<size_t>(*index) >= a[0].get_array().size())
    return refuse(fmt::format("The index {} is out of the bounds of the array.", *index));
  return a[0].get_array()[*index];
}

answer array_length(arguments a, chance&) {
  if (!a[0].is_array()) return refuse("The argument to States.ArrayLength must be an array.");
  return json::value(static_cast<int64_t>(a[0].get_array().size()));
}

answer array_unique(arguments a, chance&) {
  if (!a[0].is_array()) return refuse("The argument to States.ArrayUnique must be an array.");
  json::array out;
  std::set<std::string> seen;
  for (const auto& v : a[0].get_array())
    if (seen.insert(json::print(v)).second) out.push_back(v);
  return json::value(std::move(out));
}

answer base64_encode(arguments a, chance&) {
  if (!a[0].is_string()) return refuse("The argument to States.Base64Encode must be a string.");
  auto text = json::view(a[0].get_string());
  if (text.size() > max_base64_bytes)
    return refuse("The argument to States.Base64Encode must be at most 10000 characters.");
  return json::value(json::string(base::to_base64(text)));
}

answer base64_decode(arguments a, chance&) {
  if (!a[0].is_string()) return refuse("The argument to States.Base64Decode must be a string.");
  auto text = json::view(a[0].get_string());
  if (text.size() > max_base64_bytes)
    return refuse("The argument to States.Base64Decode must be at most 10000 characters.");
  auto bytes = base::from_base64(text);
  if (!bytes) return refuse("The argument to States.Base64Decode is not valid Base64.");
  // A payload is text: what is none becomes U+FFFD, as in Java.
  return json::value(json::string(base::to_utf8(*bytes, "\xEF\xBF\xBD")));
}

answer hash(arguments a, chance&) {
  if (!a[1].is_string()) return refuse("The second argument to States.Hash must be a string.");
  auto data = a[0].is_string() ? std::string{json::view(a[0].get_string())} : json::print(a[0]);
  if (data.size() > max_hash_bytes)
    return refuse("The first argument to States.Hash must be at most 10000 characters.");
  static const std::map<std::string_view, base::digest> algorithms{{"MD5", base::digest::md5},
                                                                   {"SHA-1", base::digest::sha1},
                                                                   {"SHA-256", base::digest::sha256},
                                                                   {"SHA-384", base::digest::sha384},
                                                                   {"SHA-512", base::digest::sha512}};
  auto found = algorithms.find(json::view(a[1].get_string()));
  if (found == algorithms.end())
    return refuse("The second argument to States.Hash must be one of: MD5, SHA-1, SHA-256, SHA-384, SHA-512.");
  base::hasher h{found->second};
  h.update(data);
  return json::value(json::string(base::to_hex(h.finish())));
}

answer json_merge(arguments a, chance&) {
  if (!a[0].is_object() || !a[1].is_object())
    return refuse("The first two arguments to States.JsonMerge must be objects.");
  if (!a[2].is_bool() || a[2].get_bool())
    return refuse("States.JsonMerge only supports the shallow merging mode: its third argument must be false.");
  json::object out = a[0].get_object();
  for (const auto& [name, member] : a[1].get_object()) out[name] = member;
  return json::value(std::move(out));
}

// As java.util.Random's nextInt(bound), so that a seed means what it does on AWS.
int64_t seeded(int64_t seed, int64_t bound) {
  uint64_t state = (static_cast<uint64_t>(seed) ^ 0x5DEECE66DULL) & ((1ULL << 48) - 1);
  auto next = [&] {
    state = (state * 0x5DEECE66DULL + 0xBULL) & ((1ULL << 48) - 1);
    return static_cast<int64_t>(state >> 17);
  };
  if ((bound & -bound) == bound) return static_cast<int64_t>((static_cast<__int128>(bound) * next()) >> 31);
  int64_t bits, value;
  do {
    bits = next();
    value = bits % bound;
  } while (bits - value + (bound - 1) >= (1LL << 31));
  return value;
}

answer math_random(arguments a, chance& luck) {
  auto from = whole(a[0]), to = whole(a[1]);
  if (!from || !to) return refuse("The arguments to States.MathRandom must be integers.");
  if (*from >= *to) return refuse("The first argument to States.MathRandom must be less than the second.");
  auto bound = static_cast<__int128>(*to) - *from;
  if (a.size() == 3) {
    auto seed = whole(a[2]);
    if (!seed) return refuse("The seed of States.MathRandom must be an integer.");
    if (bound < (1LL << 31)) return json::value(*from + seeded(*seed, static_cast<int64_t>(bound)));
    chance own{static_cast<uint64_t>(*seed)};
    return json::value(static_cast<int64_t>(*from + static_cast<__int128>(own.unit() * static_cast<double>(bound))));
  }
  return json::value(static_cast<int64_t>(*from + static_cast<__int128>(luck.unit() * static_cast<double>(bound))));
}

answer math_add(arguments a, chance&) {
  if (!json::is_number(a[0]) || !json::is_number(a[1]))
    return refuse("The arguments to States.MathAdd must be numbers.");
  auto x = whole(a[0]), y = whole(a[1]);
  int64_t sum;
  if (!x || !y || __builtin_add_overflow(*x, *y, &sum)) return refuse("The result of States.MathAdd is out of range.");
  return json::value(sum);
}

// Bytes of the character that the text begins with. REQUIRES: it is UTF-8, and not empty.
size_t character_bytes(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;
  return n;
}

// The delimiter's characters each split; what is empty is left out, as AWS does.
answer string_split(arguments a, chance&) {
  if (!a[0].is_string() || !a[1].is_string()) return refuse("The arguments to States.StringSplit must be strings.");
  auto text = json::view(a[0].get_string());
  auto delimiters = json::view(a[1].get_string());
  json::array out;
  size_t begin = 0, at = 0;
  auto part = [&] {
    if (at > begin) out.emplace_back(json::string(text.substr(begin, at - begin)));
  };
  while (at < text.size()) {
    auto one = text.substr(at, character_bytes(text.substr(at)));
    if (delimiters.find(one) != std::string_view::npos) {
      part();
      begin = at + one.size();
    }
    at += one.size();
  }
  part();
  return json::value(std::move(out));
}

answer uuid(arguments, chance& luck) { return json::value(json::string(luck.uuid())); }

constexpr intrinsic_function functions[] = {
    {"Array", 0, any_number, array},
    {"ArrayContains", 2, 2, array_contains},
    {"ArrayGetItem", 2, 2, array_get_item},
    {"ArrayLength", 1, 1, array_length},
    {"ArrayPartition", 2, 2, array_partition},
    {"ArrayRange", 3, 3, array_range},
    {"ArrayUnique", 1, 1, array_unique},
    {"Base64Decode", 1, 1, base64_decode},
    {"Base64Encode", 1, 1, base64_encode},
    {"Format", 1, any_number, format},
    {"Hash", 2, 2, hash},
    {"JsonMerge", 3, 3, json_merge},
    {"JsonToString", 1, 1, json_to_string},
    {"MathAdd", 2, 2, math_add},
    {"MathRandom", 2, 3, math_random},
    {"StringSplit", 2, 2, string_split},
    {"StringToJson", 1, 1, string_to_json},
    {"UUID", 0, 0, uuid},
};

}  // namespace

const intrinsic_function* find_intrinsic(std::string_view name) {
  for (const auto& f : functions)
    if (f.name == name) return &f;
  return nullptr;
}

}  // namespace mdlc::asl
