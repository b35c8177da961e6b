#include "main/server.h"

#include <fcntl.h>
#include <unistd.h>

#include "api/dispatch.h"
#include "base/log.h"
#include "cli/running.h"
#include "main/services.h"

namespace mdlc {
namespace {

// Calls block on the disk's sync, which all that wait share: more threads than cores.
constexpr size_t pool_threads = 16;
// How long a stop waits for answers that are under way.
constexpr int64_t stop_grace_ms = 1'000;

// Its own file, so that a backup tool that copies the folder does not disturb it.
constexpr std::string_view lock_name = "lock";
constexpr std::string_view database_name = "mdlc.db";

base::result<sys::descriptor> lock(const sys::path& folder) {
  MDLC_TRY(auto held, sys::try_lock(folder / lock_name));
  if (held) return held;
  auto other = cli::read_running(folder);
  if (!other) return base::fail(fmt::format("Another server is starting on {}.", folder.string()));
  return base::fail(
      fmt::format("A server runs on {} already: process {}, {}.", folder.string(), other->pid, other->endpoint));
}

// SQLite gives its other files the mode of the first.
base::result<std::unique_ptr<store::database>> open_database(const sys::path& file) {
  sys::descriptor made{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!made) return base::fail(fmt::format("cannot write {}", file.string()));
  return store::database::open(file);
}

// Requests that come while the services take up their work wait until all is there.
class gate {
 public:
  void handle(std::shared_ptr<http::exchange> exchange) {
    if (api::dispatcher::answer_health(*exchange)) return;
    {
      std::lock_guard lock{mutex_};
      if (!open_) return waiting_.push_back(std::move(exchange));
    }
    dispatcher_->handle(std::move(exchange));
  }
  void open(api::host& h) {
    std::vector<std::shared_ptr<http::exchange>> waiting;
    {
      std::lock_guard lock{mutex_};
      dispatcher_.emplace(h);
      open_ = true;
      waiting.swap(waiting_);
    }
    for (auto& exchange : waiting) dispatcher_->handle(std::move(exchange));
  }

 private:
  std::mutex mutex_;
  bool open_ = false;
  std::optional<api::dispatcher> dispatcher_;
  std::vector<std::shared_ptr<http::exchange>> waiting_;
};

}  // namespace

// In the order of making; what is above outlives what is below.
struct server::state {
  sys::path folder;
  sys::descriptor held;
  http::loop sockets;
  std::unique_ptr<store::database> db;
  std::unique_ptr<store::journal> journal;
  std::unique_ptr<blob::store> blobs;
  sys::thread_pool pool{pool_threads};
  sys::timers timers{sys::real_env()};
  api::registry operations;
  api::event_bus bus;
  std::unique_ptr<api::host> host;
  std::vector<std::unique_ptr<api::service>> services;
  mdlc::gate gate;
  std::unique_ptr<http::server> http;
  bool stopped = false;

  // A start that fails half-way: no thread may be left that knows the parts below.
  ~state() {
    if (http) http->stop(0);
    sockets.stop();
    pool.stop();
    timers.stop();
  }
};

server::server(std::unique_ptr<state> s) : state_(std::move(s)) {}
server::~server() { stop(); }

base::result<std::unique_ptr<server>> server::start(const settings& chosen) {
  auto s = std::make_unique<state>();
  std::error_code error;
  s->folder = std::filesystem::absolute(chosen.data_folder, error);
  // Others may pass through, to what a job is given by name, and list nothing.
  MDLC_CHECK(sys::make_folder(s->folder, 0711));
  MDLC_TRY(s->held, lock(s->folder));
  s->http = std::make_unique<http::server>(s->sockets, s->pool, [g = &s->gate](auto e) { g->handle(std::move(e)); });
  auto port = s->http->listen_tcp(chosen.host, chosen.port);
  if (!port)
    return base::fail(fmt::format("Cannot listen on {}:{}: {}. Another port can be chosen with --listen HOST:PORT.",
                                  chosen.host, chosen.port, port.error().message));
  MDLC_TRY(s->db, open_database(s->folder / database_name));
  s->journal = std::make_unique<store::journal>(*s->db);
  MDLC_TRY(s->blobs, blob::store::open(s->folder / "blobs", sys::real_env()));
  s->host.reset(new api::host{.env = sys::real_env(),
                              .db = *s->db,
                              .journal = *s->journal,
                              .blobs = *s->blobs,
                              .pool = s->pool,
                              .timers = s->timers,
                              .operations = s->operations,
                              .bus = s->bus,
                              .data_folder = s->folder,
                              .python = chosen.python,
                              .assume_role = {}});
  bool everywhere = chosen.host == "0.0.0.0" || chosen.host == "::";
  s->host->endpoint = fmt::format("http://{}:{}", everywhere ? "127.0.0.1" : chosen.host, *port);
  s->host->sockets = &s->sockets;
  s->services = make_services(*s->host);
  for (auto& service : s->services) service->resume();
  MDLC_CHECK(cli::write_running(s->folder, {::getpid(), s->host->endpoint}));
  s->gate.open(*s->host);
  base::log::info("mdlc answers at {}, data in {}", s->host->endpoint, s->folder.string());
  return std::unique_ptr<server>{new server{std::move(s)}};
}

const std::string& server::endpoint() const { return state_->host->endpoint; }

void server::stop() {
  if (std::exchange(state_->stopped, true)) return;
  auto& s = *state_;
  for (auto service = s.services.rbegin(); service != s.services.rend(); ++service) (*service)->stop();
  s.http->stop(stop_grace_ms);
  s.sockets.stop();
  s.pool.stop();
  s.timers.stop();
  s.journal->checkpoint();
  cli::remove_running(s.folder);
  const auto written = s.db->count();
  base::log::info("mdlc stopped after {} commits of {} units of work", written.commits, written.units);
}

}  // namespace mdlc
