#include "api/event_bus.h"

namespace mdlc::api {

void event_bus::subscribe(listener l) {
  std::lock_guard lock{mutex_};
  listeners_.push_back(std::move(l));
}

void event_bus::publish(const event& e) const {
  std::vector<listener> listeners;
  {
    std::lock_guard lock{mutex_};
    listeners = listeners_;
  }
  for (const auto& listen : listeners) listen(e);
}

}  // namespace mdlc::api
