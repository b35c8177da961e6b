// State machines and their revisions as rows.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "services/states/model.h"
#include "services/states/names.h"
#include "store/database.h"

namespace mdlc::services::states {

// The first revision's; clients are not shown it.
inline constexpr std::string_view initial_revision = "INITIAL";

// What a machine is beside its definition and role, as the API has it.
struct settings {
  std::optional<model::LoggingConfiguration> logging;
  std::optional<model::TracingConfiguration> tracing;
  std::optional<model::EncryptionConfiguration> encryption;

  std::string str() const;  // as JSON, for the table and for comparing
  static settings parse(std::string_view);
};

// With what the API shows where nothing was said: level OFF, no execution data, no tracing.
model::LoggingConfiguration shown_logging(const settings&);
model::TracingConfiguration shown_tracing(const settings&);

struct machine {
  base::scope scope;
  std::string name;
  std::string uid;
  std::string type;  // "STANDARD", "EXPRESS"
  base::time_point created;
  std::string revision;  // the current one
  int64_t versions = 0;  // the last number that was given
};

struct revision {
  base::scope scope;
  std::string name;     // of the machine
  std::string machine;  // uid
  std::string id;
  std::string definition;
  std::string role;
  std::string type;
  states::settings settings;
  base::time_point created;

  std::optional<std::string> shown_id() const;  // none for the initial one
};

struct version {
  int64_t number = 0;
  std::string revision;
  std::optional<std::string> description;
  base::time_point created;
};

std::optional<machine> find_machine(store::reader&, const base::scope&, std::string_view name);
// By ARN, qualifier ignored. Refuses StateMachineDoesNotExist.
api::answer<machine> need_machine(store::reader&, const machine_arn&);
void insert_machine(store::transaction&, const machine&);
void update_machine(store::transaction&, const machine&);  // revision and versions
void delete_machine(store::transaction&, const machine&);  // with versions, aliases and tags; revisions stay

// REQUIRES: it is there.
revision get_revision(store::reader&, std::string_view machine_uid, std::string_view id);
void insert_revision(store::transaction&, const revision&);

std::optional<version> find_version(store::reader&, std::string_view machine_uid, int64_t number);
std::optional<version> newest_version(store::reader&, std::string_view machine_uid);
// The version of the machine's current revision: the newest if it is that already, a new one else.
version publish_version(store::transaction&, machine&, std::optional<std::string> description, base::time_point now);

}  // namespace mdlc::services::states
