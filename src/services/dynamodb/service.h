// DynamoDB: tables, items, indexes, transactions.
#pragma once

#include <memory>

#include "api/host.h"
#include "services/dynamodb/sweeper.h"
#include "services/dynamodb/table.h"

namespace mdlc::services::dynamodb {

class service : public api::service {
 public:
  explicit service(api::host&);
  void resume() override { sweeper.start(); }
  void stop() override { sweeper.stop(); }

  api::host& host;
  catalog tables;
  dynamodb::sweeper sweeper;
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::dynamodb
