// A definition's text: what is wrong with it as JSON, in the words of Jackson (which AWS reads it with), and where in
// it a value stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mdlc::asl {

struct place_in_text {
  int line = 0;  // from 1; 0: unknown
  int column = 0;
};

struct json_fault {
  std::string message;   // with the location
  std::string location;  // "[Source: (String)"…"; line: 1, column: 4]"
  place_in_text at;
};

// REQUIRES: the text is no JSON (json::parse refused it).
json_fault find_fault(std::string_view text);

// Where the values begin that locations such as "/States/A/Choices[0]/Next" name; for one that does not exist, where
// the nearest one above it does. One walk over the text. REQUIRES: the text is JSON.
std::vector<place_in_text> locate(std::string_view text, const std::vector<std::string>& locations);

}  // namespace mdlc::asl
