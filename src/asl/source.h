// A definition's text: what is wrong with it as JSON, in the words of Jackson (which AWS reads it with), and where in
// it a value stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

// Where the value begins that a location such as "/States/A/Choices[0]/Next" names; of the nearest one above it that
// exists. REQUIRES: the text is JSON. A name with a '/' in it is found as well as can be.
place_in_text locate(std::string_view text, std::string_view location);

}  // namespace mdlc::asl
