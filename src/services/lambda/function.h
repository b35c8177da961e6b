// Functions, their versions and aliases as rows.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "services/lambda/model.h"
#include "services/lambda/names.h"
#include "store/database.h"

namespace mdlc::services::lambda {

// One version of a function, as it is stored. Number 0 is $LATEST.
struct version {
  base::scope scope;
  std::string name;
  int64_t number = 0;
  std::string revision;  // another at every change, in `about` too
  std::string code;      // SHA-256 of the zip file, hexadecimal
  model::FunctionConfiguration about;

  std::string label() const;  // "$LATEST", "3"
  // As the API shows it to one who named it by that qualifier.
  model::FunctionConfiguration shown(std::string_view qualifier) const;
};

// What no version has.
struct function {
  base::scope scope;
  std::string name;
  int64_t last_version = 0;
  std::optional<int64_t> reserved;  // concurrency
  std::map<std::string, std::string> tags;
};

// Refuse ResourceNotFoundException, in the words for `f`.
api::answer<function> need_function(store::reader&, const function_name& f);
api::answer<version> need_version(store::reader&, const function_name& f);

std::optional<function> find_function(store::reader&, const base::scope&, std::string_view name);
std::optional<version> find_version(store::reader&, const base::scope&, std::string_view name, int64_t number);
void write(store::transaction&, const function&);
void write(store::transaction&, const version&);
// With versions, aliases, permissions; accepted events go on and find nothing.
void remove_function(store::transaction&, const base::scope&, std::string_view name);

std::optional<model::AliasConfiguration> find_alias(store::reader&, const base::scope&, std::string_view name,
                                                    std::string_view alias);

// A version's row for the newest `$LATEST`: the last one published if nothing changed since, else a new one.
version publish(store::transaction&, function&, const version& newest, const std::optional<std::string>& description,
                std::string revision, base::time_point now);

// 2013-07-01T12:30:00.000+0000
std::string modified_at(base::time_point);

// What an invocation runs.
struct target {
  std::shared_ptr<const version> what;
  std::optional<int64_t> reserved;
};

// Finds targets; versions are kept parsed, valid as long as the row says the same revision. Thread-safe.
class catalog {
 public:
  // `chance`, in [0, 1), chooses between an alias's versions.
  api::answer<target> find(store::reader&, const function_name&, double chance);

 private:
  std::mutex mutex_;
  std::map<std::tuple<base::scope, std::string, int64_t>, std::shared_ptr<const version>> known_;
};

// Of parsed versions; the one that is over it makes the catalog forget all.
inline constexpr size_t catalog_entries_max = 4096;

}  // namespace mdlc::services::lambda
