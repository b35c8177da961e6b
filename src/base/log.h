// The server's own log: one line an event, to standard error. Thread-safe. spdlog stays behind this header.
#pragma once

#include <string_view>

#include <fmt/format.h>

namespace mdlc::base::log {

enum class level { debug, info, warning, error };

void set_level(level);
void write(level, std::string_view message);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(level::error, fmt::format(format, std::forward<Args>(args)...));
}

// Says what broke, with a stack, and stops the process: the journal makes that safe, and going on would not be.
[[noreturn]] void stop_process(std::string_view why);

}  // namespace mdlc::base::log
