// For tests: a kind of procedure that walks a list of steps, and a world of its own to do it in.
#pragma once

#include <condition_variable>
#include <fstream>

#include <gtest/gtest.h>

#include "api/registry.h"
#include "engine/procedures.h"
#include "sys/testing.h"

namespace mdlc::engine::toy {

// Every step writes down how it ended; the steps are: bump look refuse break outside (calls), pause (a timer), own and
// wait_for_ever (own commands), again (asks to be continued).
class walk : public procedure {
 public:
  decision decide(const stimulus& s) override {
    decision out;
    switch (s.what) {
      case stimulus::kind::started:
        note(out, {{"steps", s.body}});
        break;
      case stimulus::kind::go_on:
        if (current() == "again") note(out, {{"said", "again"}, {"next", true}});
        break;
      case stimulus::kind::begun:
        note(out, {{"said", current() + ": begun"}});
        return out;
      case stimulus::kind::answered:
        note(out, {{"said", current() + ": " + words(s.answer)}, {"next", true}});
        break;
      case stimulus::kind::lost:
        note(out, {{"said", current() + ": lost"}, {"next", true}});
        break;
      case stimulus::kind::fired:
        note(out, {{"said", current() + ": fired"}, {"next", true}});
        break;
      case stimulus::kind::told:
        if (s.name != "stop") {
          out.reply = api::refuse("Nonsense", "what?");
          return out;
        }
        out.reply = json::value("stopped");
        note(out, {{"said", "stop"}, {"end", true}});
        break;
    }
    if (out.records.empty()) return out;
    if (at_ >= steps_.size())
      out.ends = true;
    else if (current() == "again")
      out.wants_continue = true;
    else
      out.opens = open_commands();
    return out;
  }

  base::result<void> replay(std::string_view records) override {
    MDLC_TRY(auto record, json::parse(records));
    fold(record.as_object());
    return {};
  }

  std::vector<command> open_commands() const override {
    if (at_ >= steps_.size() || current() == "again") return {};
    auto step = current();
    auto id = std::to_string(at_);
    if (step == "pause") return {{id, set_timer{base::from_ms(0)}}};
    if (step == "own" || step == "wait_for_ever") return {{id, own_command{step, 7}}};
    return {{id, call_operation{.service = "toy", .operation = step, .input = json::object{}}}};
  }

  void project(store::transaction& t, const decision& d, store::sequence at) override {
    t.run(
        "INSERT INTO walks (uid, ended, last) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (uid) DO UPDATE SET ended = excluded.ended, last = excluded.last",
        {uid, d.ends ? 1 : 0, at});
  }

  std::string uid;

 private:
  std::string current() const { return at_ < steps_.size() ? steps_[at_] : ""; }
  static std::string words(const api::answer<json::value>& a) {
    if (!a) return a.error().code;
    return a->is_string() ? std::string(a->get_string()) : json::print(*a);
  }
  void note(decision& out, json::object record) {
    fold(record);
    out.records = json::print(record);
  }
  void fold(const json::object& record) {
    if (auto* steps = record.if_contains("steps"))
      for (const auto& s : steps->as_array()) steps_.emplace_back(s.as_string());
    if (record.contains("next")) ++at_;
    if (record.contains("end")) at_ = steps_.size();
  }

  std::vector<std::string> steps_;
  size_t at_ = 0;
};

inline std::vector<std::string> crash_steps() {
  return {"bump", "refuse", "pause", "bump", "outside", "look", "bump", "own", "again"};
}

constexpr store::migration tables[] = {{1, R"(
  CREATE TABLE walks (uid TEXT PRIMARY KEY, ended INTEGER NOT NULL, last BIGINT NOT NULL);
  CREATE TABLE counters (only INTEGER PRIMARY KEY, n BIGINT NOT NULL);
  INSERT INTO counters VALUES (1, 0);
)"}};

// A whole server without a listener: the toy service's operations and an engine for walks.
class world : public kind {
 public:
  explicit world(std::optional<sys::path> folder = {}) : folder_(folder ? *folder : own_folder_.path()) {
    db_ = *store::database::open(folder_ / "db");
    EXPECT_TRUE(db_->migrate("toy", tables));
    journal_.emplace(*db_);
    blobs_ = *blob::store::open(folder_ / "blobs", sys::real_env());
    registry_.add(service_model(), operations());
    host.reset(new api::host{.env = sys::real_env(),
                             .db = *db_,
                             .journal = *journal_,
                             .blobs = *blobs_,
                             .pool = pool_,
                             .timers = timers_,
                             .operations = registry_,
                             .bus = bus_,
                             .data_folder = folder_,
                             .python = {},
                             .assume_role = {}});
    engine.emplace(*host, *this);
  }
  ~world() override {
    engine->stop();
    timers_.stop();
    pool_.stop();
    engine.reset();
  }

  // --- kind
  std::string_view name() const override { return "walk"; }
  api::source source() const override { return api::source::workflow; }
  std::unique_ptr<procedure> make(const std::string& uid) override {
    auto made = std::make_unique<walk>();
    made->uid = uid;
    return made;
  }
  void issue(const std::string& uid, const command_id& id, const own_command& c) override {
    if (c.name == "own") engine->answer(uid, id, c.input);
    std::lock_guard lock{mutex_};
    issued_.insert(uid);
    changed_.notify_all();
  }
  void withdraw(const std::string& uid, const command_id&, const own_command&) override { withdrawn.push_back(uid); }
  void committed(const std::string& uid, procedure&, bool ended) override {
    std::lock_guard lock{mutex_};
    if (ended) ended_.insert(uid);
    changed_.notify_all();
  }

  // --- what tests do
  void begin_in(store::transaction& t, const std::string& uid, const std::vector<std::string>& steps) {
    json::array list;
    for (const auto& s : steps) list.emplace_back(s);
    engine->begin(t, uid, make(uid), std::move(list));
  }
  void begin_as(const std::string& uid, const std::vector<std::string>& steps) {
    db_->write([&](store::transaction& t) { begin_in(t, uid, steps); });
  }
  std::string begin(const std::vector<std::string>& steps) {
    auto uid = host->env.uuid();
    begin_as(uid, steps);
    return uid;
  }
  std::vector<std::string> run(const std::vector<std::string>& steps) { return await(begin(steps)); }

  // Until it has ended; what it said.
  std::vector<std::string> await(const std::string& uid) {
    {
      std::unique_lock lock{mutex_};
      auto over = [&] { return ended_.contains(uid) || row(uid)->integer(0) == 1; };
      EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60}, over)) << uid << " does not end";
    }
    std::vector<std::string> said;
    auto last = row(uid)->integer(1);
    auto batches = db_->read([&](store::reader& r) { return engine->history(r, last); });
    for (const auto& b : batches) {
      auto record = *json::parse(b);
      if (auto words = json::text(record, "said"); !words.empty()) said.emplace_back(words);
    }
    // Once its end is told, nothing of it is left in memory.
    db_->write([](store::transaction&) {});
    return said;
  }
  // Until an own command of it was issued: one that is open and not yet issued is closed without being withdrawn.
  void await_issued(const std::string& uid) {
    std::unique_lock lock{mutex_};
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return issued_.contains(uid); })) << uid;
  }
  bool exists(const std::string& uid) { return row(uid).has_value(); }
  std::optional<api::answer<json::value>> tell_in_unit(const std::string& uid, std::string name) {
    return db_->write([&](store::transaction& t) { return engine->tell(t, uid, name, {}); });
  }
  int64_t counter() {
    return db_->read([](store::reader& r) { return r.first("SELECT n FROM counters")->integer(0); });
  }
  int outside_effects() const {
    std::ifstream file{folder_ / "outside"};
    return static_cast<int>(std::count(std::istreambuf_iterator<char>{file}, {}, '\n'));
  }

  std::unique_ptr<api::host> host;
  std::optional<procedures> engine;
  std::vector<std::string> withdrawn;
  std::atomic<int> failures_left{0};

 private:
  std::optional<store::row> row(const std::string& uid) {
    return db_->read([&](store::reader& r) { return r.first("SELECT ended, last FROM walks WHERE uid = ?1", {uid}); });
  }

  static const wire::service& service_model() {
    static constexpr wire::shape empty{.name = "Empty", .type = wire::kind::structure};
    static constexpr auto op = [](std::string_view name) {
      return wire::operation{.name = name, .method = "POST", .uri = "/", .input = &empty, .output = &empty};
    };
    static constexpr std::array models{op("Bump"), op("Look"), op("Refuse"), op("Break"), op("Outside")};
    static constexpr std::array<const wire::operation*, 5> all{&models[0], &models[1], &models[2], &models[3],
                                                               &models[4]};
    static constexpr wire::service service{.name = "toy",
                                           .id = "Toy",
                                           .signing_name = "toy",
                                           .speaks = wire::protocol::json,
                                           .api_version = "1",
                                           .operations = all,
                                           .unserved = {}};
    return service;
  }

  // An answer whose to_json is found by call::commit.
  struct number {
    int64_t n;
    friend json::value to_json(const number& x) { return x.n; }
  };
  static api::answer<json::value> erased(const api::answer<number>& a) {
    if (!a) return tl::unexpected(a.error());
    return to_json(*a);
  }
  static number bump(store::transaction& t) {
    t.run("UPDATE counters SET n = n + 1");
    return {t.first("SELECT n FROM counters")->integer(0)};
  }

  std::vector<api::operation> operations() {
    auto models = service_model().operations;
    return {
        {models[0],
         [](api::call& c, const json::value&) {
           return erased(c.commit([](store::transaction& t) -> api::answer<number> { return bump(t); }));
         },
         {}},
        {models[1], [this](api::call&, const json::value&) -> api::answer<json::value> { return counter(); }, {}},
        {models[2],
         [](api::call& c, const json::value&) {
           return erased(c.commit([](store::transaction& t) -> api::answer<number> {
             bump(t);
             return api::refuse("Refused", "no");
           }));
         },
         {}},
        {models[3],
         [this](api::call& c, const json::value&) {
           return erased(c.commit([this](store::transaction& t) -> api::answer<number> {
             auto out = bump(t);
             if (failures_left-- > 0) return tl::unexpected(api::internal_error("told to"));
             return out;
           }));
         },
         {}},
        {models[4],
         {},
         [this](std::shared_ptr<api::call>, const json::value&, api::completion<json::value> done) {
           std::ofstream{folder_ / "outside", std::ios::app} << "x" << std::endl;
           done(json::value("done"));
         }},
    };
  }

  sys::temporary_folder own_folder_;
  sys::path folder_;
  std::unique_ptr<store::database> db_;
  std::optional<store::journal> journal_;
  std::unique_ptr<blob::store> blobs_;
  api::registry registry_;
  api::event_bus bus_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> ended_, issued_;
  sys::timers timers_{sys::real_env()};
  sys::thread_pool pool_{4};
};

}  // namespace mdlc::engine::toy
