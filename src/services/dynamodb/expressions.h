// The expressions of a request, and what served for them before there were expressions.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "expr/dynamo/condition.h"
#include "expr/dynamo/placeholders.h"
#include "expr/dynamo/projection.h"
#include "expr/dynamo/update.h"
#include "services/dynamodb/model.h"
#include "services/dynamodb/words.h"

namespace mdlc::services::dynamodb {

// A parameter of a request and whether it was given.
struct parameter {
  std::string_view name;
  bool is_given;
};
using parameters = std::initializer_list<parameter>;

// Refuses requests that mix both styles.
api::answer<void> check_style(parameters old_style, parameters expressions);

// Refuses placeholders of a request none of whose expressions is given, then as dynamo::placeholders::make.
api::answer<dynamo::placeholders> read_placeholders(const std::optional<dynamo::placeholders::names>&,
                                                    const std::optional<dynamo::placeholders::values>&,
                                                    parameters expressions);

using expected_map = std::map<std::string, model::ExpectedAttributeValue>;
using condition_map = std::map<std::string, model::Condition>;
using update_map = std::map<std::string, model::AttributeValueUpdate>;

// Expected, QueryFilter and ScanFilter, AttributeUpdates, AttributesToGet as the expressions that say the same.
api::answer<dynamo::condition> read_expected(const expected_map&, const std::optional<std::string>& operator_);
api::answer<dynamo::condition> read_filter(const condition_map&, const std::optional<std::string>& operator_);
api::answer<dynamo::update> read_updates(const update_map&);
api::answer<dynamo::projection> read_attributes(const std::vector<std::string>&);

// Of a request whose only expression is the projection; none where everything is shown.
api::answer<std::optional<dynamo::projection>> read_projection(
    const std::optional<std::vector<std::string>>& attributes, const std::optional<std::string>& expression,
    const std::optional<dynamo::placeholders::names>& names);

}  // namespace mdlc::services::dynamodb
