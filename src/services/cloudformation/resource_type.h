// What CloudFormation knows of a type of resource: which operations make, change, settle and remove one. Pure: the
// stack's operation (operation.h) journals the calls and the engine makes them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "base/arn.h"
#include "json/value.h"

namespace mdlc::services::cloudformation {

// A call of the registry, in the normal form.
struct operation_call {
  std::string service;
  std::string operation;
  json::value input;
};
using calls = std::vector<operation_call>;

struct stack_identity {
  base::scope scope;
  std::string id;  // ARN
  std::string name;
  json::object tags;  // the stack's, name → value; every resource that takes tags gets them
};

// One resource as its stack knows it.
struct resource {
  std::string logical_id;
  std::string type;
  std::string physical_id;  // what Ref gives; empty until known
  json::object properties;  // evaluated
  json::object attributes;  // what Fn::GetAtt gives
};

// What a resource was before an update.
struct former {
  json::object properties;
  json::object tags;  // the stack's
};

enum class readiness { ready, not_yet, failed };

struct resource_type {
  std::string_view name;  // "AWS::S3::Bucket"

  // The property that names it; where the template leaves it out, the stack makes a name of at most `name_length`
  // characters. Empty: the service makes one, or it has none.
  std::string_view name_property{};
  size_t name_length = 64;
  bool name_is_lower_case = false;

  // Every property that AWS knows of the type. Those that change nothing here are accepted, kept and shown again.
  std::set<std::string_view> properties{};
  std::set<std::string_view> required{};
  // Properties whose change makes a new resource and removes the old one.
  std::set<std::string_view> replaced_by{};

  // `r` has properties (name_property included) and no physical id yet.
  api::answer<calls> (*create)(const stack_identity&, const resource& r) = nullptr;
  // Takes in what a call of create, or the settling one, has answered: the physical id, attributes.
  void (*absorb)(const stack_identity&, resource&, const operation_call&, const json::value& answer) = nullptr;
  // From `before` to r.properties and the stack's tags. Null: every change replaces it.
  api::answer<calls> (*update)(const stack_identity&, const resource& r, const former& before) = nullptr;
  // An answer that there is no such thing counts as done.
  calls (*remove)(const stack_identity&, const resource&) = nullptr;

  // Asked again and again until ready, after create and update. Null: ready at once.
  operation_call (*settle)(const resource&) = nullptr;
  readiness (*settled)(const api::answer<json::value>&) = nullptr;
  // The same after remove: ready once it answers that there is no such thing.
  bool settles_after_remove = false;

  bool takes_tags() const { return properties.contains("Tags"); }
};

// Null for a type that is not served.
const resource_type* find_resource_type(std::string_view name);
std::vector<const resource_type*> all_resource_types();

// Whether an error says that the thing is not there.
bool says_missing(const api::error&);

// --- What the types share ---
// The members of `from` that stand in `names`, under the same names.
json::object pick(const json::object& from, std::initializer_list<std::string_view> names);
// CloudFormation's [{Key, Value}] and the stack's own tags, as name → value; the resource's win.
json::object merged_tags(const stack_identity&, const resource&);
// The same as [{Key, Value}].
json::array tag_list(const stack_identity&, const resource&);
// What an update has to do to them: name → value of those that are new or changed, names of those that are gone.
struct tag_changes {
  json::object put;
  json::array gone;
};
tag_changes changed_tags(const stack_identity&, const resource&, const former&);
// Whether a property is not what it was.
bool differs(const resource&, const former&, std::string_view property);
// Numbers and booleans that a template wrote as text, as the API wants them; what is neither stays.
json::value as_integer(const json::value&);
json::value as_boolean(const json::value&);
// Policy documents may be objects or text; APIs take text.
std::string as_document(const json::value&);

}  // namespace mdlc::services::cloudformation
