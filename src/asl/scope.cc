#include "asl/scope.h"

namespace mdlc::asl {

uint64_t chance::next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double chance::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::string chance::uuid() {
  uint64_t a = next(), b = next();
  a = (a & ~0xf000ULL) | 0x4000;               // version 4
  b = (b & ~(0x3ULL << 62)) | (0x2ULL << 62);  // variant 1
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff, b >> 48,
                     b & 0xffffffffffff);
}

json::value context_object::build(bool payloads) const {
  if (given) {
    json::value out = *given;
    if (!out.is_object()) return out;
    if (item_index >= 0)
      out.as_object()["Map"] = {{"Item", {{"Index", item_index}, {"Value", item ? item.tree() : json::value()}}}};
    if (!token.empty() && !json::find(out, "Task"))
      out.as_object()["Task"] = json::object{{"Token", json::string(token)}};
    return out;
  }
  json::object execution;
  execution["Id"] = info->id;
  if (payloads && input) execution["Input"] = input.tree();
  execution["StartTime"] = base::to_iso8601(info->start);
  execution["Name"] = info->name;
  execution["RoleArn"] = info->role_arn;
  execution["RedriveCount"] = redrives;
  json::object out;
  out["Execution"] = std::move(execution);
  if (item_index >= 0) {
    json::object one{{"Index", item_index}};
    if (payloads && item) one["Value"] = item.tree();
    out["Map"] = json::object{{"Item", std::move(one)}};
  }
  out["StateMachine"] = json::object{{"Id", info->machine_id}, {"Name", info->machine_name}};
  json::object state{{"Name", json::string(state_name)}, {"EnteredTime", base::to_iso8601(entered)}};
  if (retries) state["RetryCount"] = *retries;
  out["State"] = std::move(state);
  if (!token.empty()) out["Task"] = json::object{{"Token", json::string(token)}};
  return out;
}

}  // namespace mdlc::asl
