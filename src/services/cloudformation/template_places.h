// Where in a YAML template's text its values stand, for who tells a person about them.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace mdlc::services::cloudformation {

class template_places {
 public:
  // From 1; a column counts bytes.
  struct place {
    int line = 1;
    int column = 1;
  };
  // The first line of a block's text, and the columns that stand before each of its lines.
  struct block {
    int line = 1;
    int indent = 0;
  };

  // REQUIRES: parse_template_text takes the text, which outlives this.
  explicit template_places(std::string_view text);
  ~template_places();

  // The value that a path such as /Resources/Machine/Properties/DefinitionString/Fn::Sub[0] names, or the nearest above
  // it that there is. Short forms are named by their long ones.
  place of(std::string_view path) const;

  // The same value's lines, where the text is written line by line as a literal block has it.
  std::optional<block> literal_block(std::string_view path) const;

 private:
  struct body;
  std::unique_ptr<const body> body_;
};

}  // namespace mdlc::services::cloudformation
