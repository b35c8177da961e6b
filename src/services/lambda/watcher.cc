#include "services/lambda/watcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

namespace mdlc::services::lambda {

watcher::watcher() : epoll_(epoll_create1(EPOLL_CLOEXEC)), bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event ring{EPOLLIN, {.fd = bell_.get()}};
  if (!epoll_ || !bell_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &ring) != 0)
    base::log::stop_process("lambda: no epoll");
  thread_ = std::thread{[this] { run(); }};
}

watcher::~watcher() { stop(); }

void watcher::watch(int fd, std::function<bool()> readable) {
  std::lock_guard lock{mutex_};
  watched_[fd] = std::move(readable);
  epoll_event wanted{EPOLLIN, {.fd = fd}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted) != 0) base::log::stop_process("lambda: epoll_ctl");
}

void watcher::stop() {
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(stopping_, true)) return;
  }
  const uint64_t one = 1;
  if (::write(bell_.get(), &one, sizeof one) < 0) base::log::stop_process("lambda: eventfd");
  thread_.join();
  watched_.clear();
}

void watcher::run() {
  epoll_event events[64];
  while (true) {
    const int count = epoll_wait(epoll_.get(), events, std::size(events), -1);
    for (int i = 0; i < count; ++i) {
      std::function<bool()> call;
      {
        std::lock_guard lock{mutex_};
        if (stopping_) return;
        const auto found = watched_.find(events[i].data.fd);
        if (found == watched_.end()) continue;
        call = found->second;
      }
      if (call()) continue;
      std::lock_guard lock{mutex_};
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, events[i].data.fd, nullptr);
      watched_.erase(events[i].data.fd);  // `call` still owns the descriptor
    }
  }
}

}  // namespace mdlc::services::lambda
