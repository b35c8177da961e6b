// JSONata's own test suite, or a part of it: the folder that JSONATA_SUITE names (with groups/ and datasets/), else the
// one beside the project.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

#include "expr/jsonata/jsonata.h"

namespace mdlc::expr::jsonata {
namespace {

namespace fs = std::filesystem;

constexpr double share_at_least = 0.99;

fs::path folder() {
  if (const char* given = std::getenv("JSONATA_SUITE")) return given;
  const char* source = std::getenv("MDLC_SOURCE_DIR");
  return source ? fs::path{source} / "../shared/conformance/jsonata" : fs::path{};
}

std::string contents(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

json::value parsed(const fs::path& file) {
  auto text = contents(file);
  // A half of a surrogate pair is no text that our JSON reads; in an expression its escape says the same.
  for (std::string_view half : {"\\ud800", "\\uD800"})
    for (size_t at = 0; (at = text.find(half, at)) != std::string::npos; at += half.size() + 1)
      if (at == 0 || text[at - 1] != '\\') text.insert(at, "\\");
  auto v = json::parse(text);
  EXPECT_TRUE(v) << file << ": " << (v ? "" : v.error().message);
  return v ? *v : json::value{};
}

bool same_value(const json::value& a, const json::value& b, bool unordered) {
  if (json::is_number(a) && json::is_number(b)) return json::to_double(a) == json::to_double(b);
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    const auto &x = a.get_array(), &y = b.get_array();
    auto each = [](const json::value& p, const json::value& q) { return same_value(p, q, false); };
    if (unordered) return std::is_permutation(x.begin(), x.end(), y.begin(), y.end(), each);
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), each);
  }
  if (!a.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  return std::all_of(a.get_object().begin(), a.get_object().end(), [&](const auto& member) {
    auto* other = b.get_object().if_contains(member.key());
    return other && same_value(member.value(), *other, false);
  });
}

class suite {
 public:
  explicit suite(fs::path at) : at_(std::move(at)) {}

  void run() {
    std::vector<fs::path> files;
    for (const auto& f : fs::recursive_directory_iterator(at_ / "groups"))
      if (f.path().extension() == ".json") files.push_back(f.path());
    std::sort(files.begin(), files.end());
    for (const auto& f : files) {
      const auto v = parsed(f);
      if (!v.is_array())
        one(f, 0, v);
      else
        for (size_t i = 0; i < v.get_array().size(); ++i) one(f, i, v.get_array()[i]);
    }
  }

  size_t passed = 0, total = 0;

 private:
  const json::value* dataset(std::string_view name) {
    auto [there, added] = datasets_.try_emplace(std::string{name});
    if (added) there->second = parsed(at_ / "datasets" / (std::string{name} + ".json"));
    return &there->second;
  }

  void one(const fs::path& file, size_t index, const json::value& c) {
    ++total;
    std::string text{json::text(c, "expr")};
    if (auto* in_file = json::find(c, "expr-file"))
      text = contents(file.parent_path() / json::view(in_file->get_string()));
    const json::value* input = json::find(c, "data");
    if (auto name = json::text(c, "dataset"); !input && !name.empty()) input = dataset(name);
    environment given;
    std::vector<variable_binding> variables;
    if (auto* bindings = json::find(c, "bindings"); bindings && bindings->is_object())
      for (const auto& [name, value] : bindings->get_object())
        variables.push_back({{name.data(), name.size()}, &value});
    given.variables = variables;
    if (auto* depth = json::find(c, "depth")) given.bounds.depth = static_cast<size_t>(json::to_double(*depth));
    auto said = answer(text, input, given, c);
    if (said.empty())
      ++passed;
    else
      std::cout << file.lexically_relative(at_ / "groups").string() << '[' << index << "]: " << text << "\n  " << said
                << '\n';
  }

  // What is wrong with it; nothing if it is as the case says.
  static std::string answer(const std::string& text, const json::value* input, const environment& given,
                            const json::value& c) {
    std::string wanted{json::text(c, "code")};
    if (auto* e = json::find(c, "error")) wanted = json::text(*e, "code");
    std::string token{json::text(c, "token")}, message;
    if (auto* e = json::find(c, "error")) {
      token = json::text(*e, "token");
      message = json::text(*e, "message");
    }
    auto e = expression::parse(text);
    auto r = e ? e->evaluate(input, given) : base::result<outcome, error>(tl::unexpected(e.error()));
    if (!r) {
      const auto& got = r.error();
      // The suite's own runner gives this code at its bounds.
      bool bound = wanted == "U1001" && (got.code == "D1011" || got.code == "D0901");
      if (got.code != wanted && !bound) return got.text();
      if (!token.empty() && got.token != token) return "token " + got.token + ", not " + token;
      if (!message.empty() && got.message != message) return got.message;
      return {};
    }
    std::string shown = r->what == outcome::kind::value ? json::print(r->value) : "nothing";
    if (!wanted.empty()) return shown + ", not " + wanted;
    if (auto* result = json::find(c, "result")) {
      auto* unordered = json::find(c, "unordered");
      bool any_order = unordered && unordered->is_bool() && unordered->get_bool();
      if (r->what == outcome::kind::value && same_value(r->value, *result, any_order)) return {};
      return shown + ", not " + json::print(*result);
    }
    return r->what == outcome::kind::nothing ? std::string{} : shown + ", not nothing";
  }

  fs::path at_;
  std::map<std::string, json::value> datasets_;
};

TEST(suite, passes) {
  if (!fs::exists(folder() / "groups")) GTEST_SKIP() << "no JSONata suite: set JSONATA_SUITE to its folder";
  suite s(folder());
  s.run();
  ASSERT_GT(s.total, 0u);
  double share = static_cast<double>(s.passed) / static_cast<double>(s.total);
  std::cout << s.passed << " of " << s.total << " cases of JSONata's suite pass (" << fmt::format("{:.1f}", share * 100)
            << " %)\n";
  EXPECT_GE(share, share_at_least);
}

}  // namespace
}  // namespace mdlc::expr::jsonata
