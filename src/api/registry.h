// All that is served, by service and operation name: the one way in, for the wire, workflows, stacks, jobs and each
// other.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/operation.h"

namespace mdlc::api {

class registry {
 public:
  // Before the server starts; not thread-safe.
  void add(const wire::service&, std::vector<operation>);

  struct entry {
    const wire::service* service;
    operation op;
  };
  // By our name or the model's id of the service ("dynamodb", "DynamoDB", "SFN"), and the operation's model name, first
  // letter in either case (workflows write putItem). Null if it is not served.
  const entry* find(std::string_view service, std::string_view operation) const;
  const wire::service* find_service(std::string_view service) const;
  std::vector<const wire::service*> services() const;

  // Validates, authorises, runs, and turns what escapes into a 500. Any operation; a plain one is run on the calling
  // thread and `done` called before it returns; a deferred one calls `done` from wherever its answer comes.
  void invoke(const entry&, std::shared_ptr<call>, const json::value& input, completion<json::value> done) const;

  // The same for plain operations, blocking. A deferred one is an internal error: no thread may wait for it.
  answer<json::value> invoke(const entry&, call&, const json::value& input) const;
  answer<json::value> invoke(std::string_view service, std::string_view operation, call&,
                             const json::value& input) const;

 private:
  std::map<std::string, const wire::service*, std::less<>> services_;
  std::map<std::string, std::map<std::string, entry, std::less<>>, std::less<>> operations_;
};

// Asked once a call, at dispatch. Today everything signed is allowed.
answer<void> authorize(const context&, std::string_view action, const json::value& input);

}  // namespace mdlc::api
