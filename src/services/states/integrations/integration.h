// What a Task's resource stands for: which operations carry it out, and what their answers look like to the workflow.
//
// Pure: an integration only translates. Who calls is services/states/execution_procedure.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/registry.h"
#include "asl/execution.h"
#include "base/result.h"

namespace mdlc::services::states::integrations {

using asl::failure;
template <class T>
using outcome = base::result<T, failure>;

// A call of one of the registry's operations.
struct call {
  std::string service;
  std::string operation;
  json::value input;  // normal form
};

// What a .sync task waits for.
struct wait {
  std::string arn;  // of the job or the execution, as its events name it
  call describe;
};

// An API's answer with what the SDK knows of it.
struct reply {
  const api::answer<json::value>& answer;
  std::string_view request_id;
};

class integration {
 public:
  virtual ~integration() = default;

  // Whether this very action is served here, in the task's pattern.
  virtual bool serves(const asl::task&) const = 0;
  // The first call of a task. A failure is the task's.
  virtual outcome<call> begin(const asl::task&) const = 0;
  // What the first call answered: the result of a plain task, what TaskSubmitted shows of the others.
  virtual outcome<json::value> result(const asl::task&, const reply&) const = 0;
  // `.sync`: what is waited for, from the first call's normal answer.
  virtual std::optional<wait> awaits(const asl::task&, const json::value& answer) const;
  // Whether that Describe says that it is over.
  virtual bool is_over(const asl::task&, const json::value& description) const;
  // The end of a `.sync` task from its last Describe.
  virtual outcome<json::value> ending(const asl::task&, const json::value& description) const;
  // The call that stops what a `.sync` task began.
  virtual std::optional<call> stop(const asl::task&, const json::value& answer) const;
  // Nobody knows how its call ended: the server died meanwhile.
  virtual failure lost(const asl::task&) const;
  // The input that the Parameters fill, for checks of a definition; null where anything goes.
  virtual const wire::shape* input_shape(const asl::task&) const;
};

// All integrations over what the registry serves; it must be complete before the first question, and outlive this.
class catalogue {
 public:
  explicit catalogue(const api::registry&);
  ~catalogue();

  // Of a task's kind, resource type, action and pattern; null where it is not served here.
  const integration* find(const asl::task&) const;

  // Of a resource as a definition has it: "arn:aws:states:::dynamodb:putItem", a Lambda ARN. The task has no more than
  // what names its integration.
  static asl::task task_of_resource(std::string_view resource);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mdlc::services::states::integrations
