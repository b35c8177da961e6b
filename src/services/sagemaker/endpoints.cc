#include "services/sagemaker/endpoints.h"

#include <set>

#include "base/log.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

// What is in flight at the old model servers when an update switches may still be answered.
constexpr int64_t switch_grace_ms = invocation_timeout_ms;

std::string container_name(const json::object& container, size_t index, size_t count) {
  const auto given = json::text(container, "ContainerHostname");
  if (!given.empty()) return std::string{given};
  return count == 1 ? "primary" : fmt::format("container-{}", index + 1);
}

bool is_direct(const json::object& model) {
  const auto* how = model.if_contains("InferenceExecutionConfig");
  return how && json::text(*how, "Mode") == "Direct";
}

}  // namespace

void live_endpoint::start() {
  thread_ = std::thread{[this] {
    try {
      carry();
    } catch (const std::exception& e) {
      // The row says where it was; the next start takes it up there.
      base::log::error("sagemaker: the endpoint {} is left as it is: {}", key_.arn(), e.what());
    }
    std::shared_ptr<const routes> last;
    {
      std::lock_guard lock{mutex_};
      last.swap(routes_);
    }
    if (last) {
      auto servers = *last;
      end_servers(servers, false);
    }
    is_over_ = true;
  }};
}

void live_endpoint::poke() {
  std::lock_guard lock{mutex_};
  ++news_;
  changed_.notify_all();
}

void live_endpoint::stop() {
  stopping_ = true;
  poke();
  if (thread_.joinable()) thread_.join();
}

void live_endpoint::carry() {
  uint64_t seen = 0;
  while (!stopping_) {
    {
      std::lock_guard lock{mutex_};
      seen = news_;
    }
    const auto row = s_.host.db.read([&](store::reader& r) { return find_endpoint(r, key_); });
    if (!row) return;
    if (row->current) adopt(*row->current);
    if (row->status == "Deleting") return finish_deletion();
    if (row->status == "RollingBack") {
      roll_back(*row, {}, row->failure_reason);
      continue;
    }
    if (row->next) {
      deploy(*row);
      continue;
    }
    if (row->status == "Updating") {  // weights alone: the routes have them
      edit([](endpoint& e) { e.status = "InService"; });
      continue;
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return news_ != seen || stopping_; });
  }
}

// Servers for what the row says is in service, where there are none yet: after a restart.
void live_endpoint::adopt(const deployment& d) {
  std::shared_ptr<const routes> now;
  {
    std::lock_guard lock{mutex_};
    now = routes_;
  }
  if (now) return set_weights(d);
  auto made = std::make_shared<const routes>(make_servers(d, true));
  std::lock_guard lock{mutex_};
  routes_ = std::move(made);
}

void live_endpoint::set_weights(const deployment& d) {
  std::lock_guard lock{mutex_};
  auto changed = std::make_shared<routes>(*routes_);
  for (auto& r : *changed)
    for (const auto& v : d.variants)
      if (v.name == r.variant) r.weight = v.weight;
  routes_ = std::move(changed);
}

live_endpoint::routes live_endpoint::make_servers(const deployment& d, bool was_ready) {
  routes made;
  for (const auto& v : d.variants) {
    route r{v.name, v.weight, is_direct(v.model), {}};
    const auto containers = containers_of(v.model);
    const auto* isolated = v.model.if_contains("EnableNetworkIsolation");
    for (size_t i = 0; i < containers.size(); ++i) {
      model_server::plan p;
      p.id = v.servers.at(i);
      p.endpoint = key_;
      p.variant = v.name;
      p.container = container_name(containers[i], i, containers.size());
      p.log_stream = fmt::format("{}/i-{}", v.name, v.servers.front());
      if (containers.size() > 1) p.log_stream += "/" + p.container;
      p.role = json::text(json::value(v.model), "ExecutionRoleArn");
      p.definition = containers[i];
      p.is_isolated = isolated && isolated->is_bool() && isolated->get_bool();
      p.start_limit_ms = v.start_limit_ms;
      p.was_ready = was_ready;
      r.servers.push_back(std::make_shared<model_server>(s_, std::move(p), [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->poke();
      }));
      r.servers.back()->start();
    }
    made.push_back(std::move(r));
  }
  return made;
}

std::string live_endpoint::await_ready(const routes& all) {
  while (!stopping_) {
    uint64_t seen;
    {
      std::lock_guard lock{mutex_};
      seen = news_;
    }
    bool is_ready = true;
    for (const auto& r : all)
      for (const auto& server : r.servers) {
        if (server->at() == model_server::state::failed) return server->failure();
        is_ready = is_ready && server->at() == model_server::state::ready;
      }
    if (is_ready) return {};
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return news_ != seen || stopping_; });
  }
  return {};
}

// The new servers first, then the switch, then the old ones' end.
void live_endpoint::deploy(const endpoint& row) {
  auto made = make_servers(*row.next, false);
  const auto why = await_ready(made);
  if (stopping_) return end_servers(made, false);
  if (why.empty()) return switch_to(row, std::move(made));
  roll_back(row, std::move(made), why);
}

void live_endpoint::switch_to(const endpoint& row, routes made) {
  sys::crash_point("endpoint.before_switch");
  edit([&](endpoint& e) {
    e.current = std::move(e.next);
    e.next.reset();
    e.status = "InService";
    e.failure_reason.clear();
  });
  sys::crash_point("endpoint.after_switch");
  std::shared_ptr<const routes> old = std::make_shared<const routes>(std::move(made));
  {
    std::lock_guard lock{mutex_};
    old.swap(routes_);
  }
  if (!old || !row.current) return;
  auto servers = *old;
  end_servers(servers, true, switch_grace_ms);
}

// What was being brought up comes down again. An endpoint that served before goes on as it was.
void live_endpoint::roll_back(const endpoint& row, routes made, std::string why) {
  base::log::warning("sagemaker: {}: {}", key_.arn(), why);
  if (row.current && row.status != "RollingBack")
    edit([&](endpoint& e) {
      e.status = "RollingBack";
      e.failure_reason = why;
    });
  sys::crash_point("endpoint.before_rollback_ends");
  end_servers(made, true);
  // Those of a rollback that a restart interrupted run under their supervisors still.
  if (made.empty() && row.next)
    for (const auto& v : row.next->variants)
      for (const auto& id : v.servers) sweep_model_server(s_.host.data_folder / "endpoints" / id);
  edit([&](endpoint& e) {
    e.next.reset();
    e.status = e.current ? "InService" : "Failed";
    e.failure_reason = why;
    if (e.current) e.config = e.current->config;
  });
}

void live_endpoint::finish_deletion() {
  std::shared_ptr<const routes> last;
  {
    std::lock_guard lock{mutex_};
    last.swap(routes_);
  }
  if (last) {
    auto servers = *last;
    end_servers(servers, true);
  }
  sys::crash_point("endpoint.before_row_goes");
  auto gone = s_.host.db.write([&](store::transaction& t) {
    auto row = find_endpoint(t, key_);
    remove_endpoint(t, key_);
    return row;
  });
  if (!gone) return;
  gone->modified_ms = base::to_ms(s_.host.env.now());
  auto told = change_of(*gone);
  told.detail["EndpointStatus"] = "Deleted";
  s_.host.bus.publish(told);
}

void live_endpoint::end_servers(routes& all, bool for_good, int64_t grace_ms) {
  std::vector<std::thread> enders;
  for (auto& r : all)
    for (auto& server : r.servers) enders.emplace_back([&] { server->end(for_good, grace_ms); });
  for (auto& t : enders) t.join();
}

endpoint live_endpoint::edit(const std::function<void(endpoint&)>& change) {
  auto row = s_.host.db.write([&](store::transaction& t) {
    auto now = find_endpoint(t, key_);
    if (!now) throw store::failure("the endpoint's row is gone");
    change(*now);
    now->modified_ms = base::to_ms(s_.host.env.now());
    update(t, *now);
    return *std::move(now);
  });
  s_.host.bus.publish(change_of(row));
  return row;
}

void endpoints::resume() {
  const auto rows = s_.host.db.read([](store::reader& r) { return all_endpoints(r); });
  std::set<std::string> known;
  for (const auto& row : rows)
    for (const auto* d : {&row.current, &row.next})
      if (*d)
        for (const auto& v : (*d)->variants) known.insert(v.servers.begin(), v.servers.end());
  std::vector<sys::path> stray;
  std::error_code error;
  for (std::filesystem::directory_iterator at{s_.host.data_folder / "endpoints", error}, end; !error && at != end;
       at.increment(error))
    if (!known.contains(at->path().filename().string())) stray.push_back(at->path());
  if (!stray.empty())
    sweeper_ = std::thread{[stray] {
      for (const auto& folder : stray) sweep_model_server(folder);
    }};
  for (const auto& row : rows) poke(row.key);
}

void endpoints::stop() {
  std::map<endpoint_key, std::shared_ptr<live_endpoint>> all;
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
    all.swap(live_);
  }
  std::vector<std::thread> enders;
  for (auto& [key, one] : all) enders.emplace_back([one = one] { one->stop(); });
  for (auto& t : enders) t.join();
  if (sweeper_.joinable()) sweeper_.join();
}

void endpoints::poke(const endpoint_key& key) {
  std::shared_ptr<live_endpoint> one, over;
  {
    std::lock_guard lock{mutex_};
    if (stopping_) return;
    auto& place = live_[key];
    if (place && place->is_over()) over = std::exchange(place, nullptr);
    if (!place) {
      place = std::make_shared<live_endpoint>(s_, key);
      place->start();
    }
    one = place;
  }
  one->poke();
}

void endpoints::invoke(const base::scope& scope, sagemaker_runtime::model::InvokeEndpointInput in,
                       api::completion<sagemaker_runtime::model::InvokeEndpointOutput> done) {
  std::shared_ptr<live_endpoint> one;
  {
    std::lock_guard lock{mutex_};
    if (auto found = live_.find({scope, in.EndpointName}); found != live_.end()) one = found->second;
  }
  if (one) return one->invoke(in, std::move(done));
  done(api::refuse("ValidationError",
                   fmt::format("Endpoint {} of account {} not found.", in.EndpointName, scope.account)));
}

}  // namespace mdlc::services::sagemaker
