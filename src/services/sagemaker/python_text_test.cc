#include "services/sagemaker/python_text.h"

#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

TEST(python_text, is_what_python_prints) {
  struct row {
    std::string_view value, str, dumped;
  };
  // The last two columns: str(json.loads(v)), json.dumps(json.loads(v), sort_keys=True, separators=(",", ":")).
  for (const auto& [value, str, dumped] : {
           row{"null", "None", "null"},
           row{"true", "True", "true"},
           row{"7", "7", "7"},
           row{"-12345678901", "-12345678901", "-12345678901"},
           row{"0.1", "0.1", "0.1"},
           row{"1.0", "1.0", "1.0"},
           row{"1e-3", "0.001", "0.001"},
           row{"1e-4", "0.0001", "0.0001"},
           row{"1e-5", "1e-05", "1e-05"},
           row{"1e15", "1000000000000000.0", "1000000000000000.0"},
           row{"1e16", "1e+16", "1e+16"},
           row{"-0.0", "-0.0", "-0.0"},
           row{R"("a b")", "a b", R"("a b")"},
           row{R"(["a", 1, true, null, 0.5])", "['a', 1, True, None, 0.5]", R"(["a",1,true,null,0.5])"},
           row{R"(["it's", "\\", "a\nb"])", R"(["it's", '\\', 'a\nb'])", R"(["it's","\\","a\nb"])"},
           row{R"({"b": {"d": 1, "c": 2}, "a": []})", "{'b': {'d': 1, 'c': 2}, 'a': []}",
               R"({"a":[],"b":{"c":2,"d":1}})"},
           row{"\"\u00fc\U0001F600\"", "\u00fc\U0001F600", R"("\u00fc\ud83d\ude00")"},
       }) {
    const auto parsed = json::parse(value);
    ASSERT_TRUE(parsed) << value;
    EXPECT_EQ(python_str(*parsed), str);
    EXPECT_EQ(python_json(*parsed), dumped);
  }
}

}  // namespace
}  // namespace mdlc::services::sagemaker
