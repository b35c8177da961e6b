// The state machines of a CloudFormation template, their definitions filled in as a deployment would do it.
//
// What a template does not know is assumed:
//   - a parameter has its Default, else the first of its AllowedValues; AWS::Region is us-east-1 and so on;
//   - Fn::If takes what stands first, or what stands second where the first is AWS::NoValue;
//   - whatever else (attributes and names of resources, mappings, parameters without a default) is the ARN of a Lambda
//     function where it begins a string, the word "placeholder" further on in one, and 1 outside strings.
// Fn::Sub and DefinitionSubstitutions are applied; a ${…} that neither of them names stays as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace mdlc::cli {

// A stretch of the definition: copied from the template's text, or filled in for what stands there.
struct stretch {
  size_t at = 0;    // offset in the definition
  size_t from = 0;  // offset in the template's text
  bool copied = true;
};

struct template_machine {
  std::string id;
  bool express = false;
  std::optional<std::string> definition;  // none where the template does not hold it (DefinitionS3Location)
  bool is_object = false;                 // Definition, not DefinitionString
  // Where it stands in the template: "/Resources/Machine/Properties/DefinitionString/Fn::Sub[0]".
  std::string path;
  // For a text: the template's text (as YAML or JSON mean it) and how the definition came from it, in order. Empty
  // where it was joined of several.
  std::string source;
  std::vector<stretch> stretches;
};

// Whether it looks like a template: there are Resources, and no state machine's fields.
bool is_template(const json::value& document);

// In the order of the template.
std::vector<template_machine> machines_of(const json::value& document);

}  // namespace mdlc::cli
