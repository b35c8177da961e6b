// What an operation on a stack begins with, and what a stack knows of each of its resources. Both are JSON in the
// journal and in the stack's rows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "services/cloudformation/resource_type.h"

namespace mdlc::services::cloudformation {

enum class goal { create, update, remove };
enum class on_failure { roll_back, do_nothing, remove };

// A template with its parameters' values and the stack's tags. Without a text: no resources at all.
struct revision {
  std::string text;
  std::map<std::string, std::string> parameters;
  json::object tags;
};

// Whether a resource is what its properties say.
enum class standing {
  whole,
  half_made,     // its creation failed on the way: nothing but removing it helps
  half_changed,  // its update did; `before` is what it had
};

struct item {
  resource r;
  std::set<std::string> depends_on;
  std::string deletion_policy = "Delete";
  std::string replace_policy = "Delete";
  bool generated_name = false;
  bool is_new = false;  // made since the stack was last stable: what a rollback takes away again
  standing is = standing::whole;
  json::object before;
  json::object tags;  // the stack's tags that it was last given
};
json::object to_object(const item&);
item to_item(const json::object&);
json::array to_array(const std::vector<item>&);
std::vector<item> to_items(const json::value*);

// What a failure leaves behind for the operation after it. A stable stack has none.
struct aftermath {
  revision stable;              // the last that stood; rolling back goes there
  std::vector<item> leftovers;  // replaced or half-made, not yet removed
};
json::value to_json(const aftermath&);
aftermath aftermath_from_json(const json::value&);

// What an operation is begun with; as JSON it is the body of `started`.
struct order {
  goal what = goal::create;
  bool rolling_back = false;  // it begins with the rollback of one that failed
  stack_identity stack;       // with the tags of what stands
  std::string principal;
  std::string token;  // the client's
  revision wanted;    // create, update
  revision previous;  // update: what a rollback goes back to
  on_failure failing = on_failure::roll_back;
  std::set<std::string> retained;              // remove: logical ids that stay
  bool forced = false;                         // remove: what cannot be removed stays as well
  std::set<std::string> skipped;               // rolling back: logical ids that are taken to be right
  std::map<std::string, std::string> imports;  // exports' values, of wanted and previous
  std::string missing_import;                  // one that wanted asks for and nobody exports
  bool has_exports = false;                    // before the operation
  std::optional<base::time_point> give_up_at;  // create
  std::vector<item> items;                     // what there is
  std::vector<item> leftovers;                 // see aftermath
};
json::value to_json(const order&);
order order_from_json(const json::value&);

}  // namespace mdlc::services::cloudformation
