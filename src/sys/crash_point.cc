#include "sys/crash_point.h"

#include <atomic>
#include <charconv>
#include <cstdlib>

#include <signal.h>
#include <unistd.h>

namespace mdlc::sys {
namespace {

// "name:3" of an environment variable; without ":3" the first time, without the variable never.
struct countdown {
  std::string_view name;
  std::atomic<int> left{0};

  explicit countdown(const char* variable) {
    const char* setting = std::getenv(variable);
    if (!setting) return;
    name = setting;
    int times = 1;
    if (auto colon = name.rfind(':'); colon != std::string_view::npos) {
      std::from_chars(name.data() + colon + 1, name.data() + name.size(), times);
      name = name.substr(0, colon);
    }
    left = times;
  }
};

countdown& wanted_scene() {
  static countdown scene{"MDLC_CRASH_IN"};
  return scene;
}

}  // namespace

void crash_point(std::string_view name) {
  static countdown point{"MDLC_CRASH_AT"};
  if (point.name != name || wanted_scene().left > 0) return;
  if (--point.left == 0) kill(getpid(), SIGKILL);
}

void crash_scene(std::string_view name) {
  auto& scene = wanted_scene();
  if (scene.name == name) --scene.left;
}

}  // namespace mdlc::sys
