#include "services/states/waits.h"

namespace mdlc::services::states {

waits::waits(api::host& h, const integrations::catalogue& c, answer_to a)
    : host_(h), catalogue_(c), answer_(std::move(a)) {}

void waits::add(const std::string& uid, const engine::command_id& id, const json::value& what) {
  key k{uid, id};
  {
    std::lock_guard lock{mutex_};
    std::string arn{json::text(what, "arn")};
    if (!waiting_.emplace(k, waiting{arn, what}).second) return;
    by_arn_.emplace(std::move(arn), k);
  }
  describe_soon(k);
}

void waits::remove(const std::string& uid, const engine::command_id& id) {
  std::lock_guard lock{mutex_};
  auto found = waiting_.find({uid, id});
  if (found == waiting_.end()) return;
  auto [first, last] = by_arn_.equal_range(found->second.arn);
  for (auto i = first; i != last; ++i) {
    if (i->second != found->first) continue;
    by_arn_.erase(i);
    break;
  }
  waiting_.erase(found);
}

void waits::heard(const api::event& e) {
  std::vector<key> concerned;
  {
    std::lock_guard lock{mutex_};
    auto collect = [&](const std::string& arn) {
      auto [first, last] = by_arn_.equal_range(arn);
      for (auto i = first; i != last; ++i) concerned.push_back(i->second);
    };
    for (const auto& arn : e.resources) collect(arn);
    if (concerned.empty())
      for (const auto& member : e.detail)
        if (member.value().is_string()) collect(std::string{json::view(member.value().get_string())});
  }
  for (const auto& k : concerned) describe_soon(k);
}

void waits::describe_soon(const key& k) {
  host_.pool.post([this, k] { describe(k); });
}

void waits::describe(const key& k) {
  json::value what;
  {
    std::lock_guard lock{mutex_};
    auto found = waiting_.find(k);
    if (found == waiting_.end()) return;
    what = found->second.what;
  }
  api::context context{.scope = {std::string{json::text(what, "account")}, std::string{json::text(what, "region")}},
                       .principal = std::string{json::text(what, "principal")},
                       .source = api::source::workflow,
                       .request_id = host_.env.uuid(),
                       .command_id = {},
                       .trace_header = {},
                       .deadline = {}};
  api::call call{host_.db, std::move(context)};
  auto answer = host_.operations.invoke(json::text(what, "service"), json::text(what, "operation"), call,
                                        *json::find(what, "input"));
  if (!answer && answer.error().is_internal) {
    host_.timers.at(host_.env.now() + describe_again, [this, k] { describe_soon(k); });
    return;
  }
  auto task = integrations::catalogue::task_of_resource(json::text(what, "resource"));
  if (answer && !catalogue_.find(task)->is_over(task, *answer)) return;
  remove(k.first, k.second);
  answer_(k.first, k.second, std::move(answer));
}

}  // namespace mdlc::services::states
