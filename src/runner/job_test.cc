// Jobs with real supervisors: this very program, called again with "supervise" (see main below).
#include "runner/job.h"

#include <fcntl.h>
#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/confine.h"
#include "runner/supervisor.h"
#include "runner/testing.h"

namespace mdlc::runner {
namespace {

using phase = job_state::phase;

class job : public testing::Test {
 protected:
  temporary_folder base;
  sys::path folder = base / "job";
  job_spec spec;

  void SetUp() override {
    std::filesystem::create_directory(folder);
    std::filesystem::create_directory(folder / "ml");
    const auto who = identity_for("job_test");
    ASSERT_EQ(chown((folder / "ml").c_str(), who.uid, who.gid), 0);
  }
  void TearDown() override {
    unsetenv("MDLC_CRASH_AT");
    // Nothing may be left behind, whatever a test left undone.
    ASSERT_TRUE(request_stop(folder, 0));
    ASSERT_TRUE(eventually([&] { return state().at != phase::running; }));
  }

  void prepare(std::string script) {
    spec.program.argv = {"/bin/sh", "-c", "echo run >> /opt/ml/runs; " + script};
    spec.program.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.program.binds = {{folder / "ml", "/opt/ml", true}};
    spec.program.working_folder = "/opt/ml";
    spec.program.identity_key = "job_test";
    ASSERT_TRUE(write_spec(folder, spec));
  }
  job_state state() {
    auto s = look(folder);
    EXPECT_TRUE(s) << s.error().message;
    return s.value_or(job_state{});
  }
  job_state finish() {
    EXPECT_TRUE(eventually([&] { return state().at != phase::running; }));
    return state();
  }
  size_t runs() {
    const auto text = sys::read_file(folder / "ml" / "runs").value_or("");
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  std::string log() { return read_log(folder, 0, 1 << 20).value_or("?"); }
  bool exists(std::string_view name) { return std::filesystem::exists(folder / "ml" / name); }

  // The supervisor of this folder, by its command line.
  pid_t supervisor() {
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
      const auto line = sys::read_file(entry.path() / "cmdline").value_or("");
      if (line.find("supervise") != std::string::npos && line.find(folder.string()) != std::string::npos)
        return std::stoi(entry.path().filename().string());
    }
    return 0;
  }
};

TEST_F(job, runs_once_and_says_how_it_ended) {
  prepare("echo out; echo err >&2; exit 4");
  EXPECT_EQ(state().at, phase::not_begun);
  ASSERT_TRUE(begin(folder));
  const auto s = finish();
  ASSERT_EQ(s.at, phase::ended);
  EXPECT_EQ(s.outcome->exit_code, 4);
  EXPECT_EQ(s.outcome->cause, cause::none);
  EXPECT_GT(s.outcome->spawned_ns, 0);
  EXPECT_GT(s.outcome->exited_ns, s.outcome->spawned_ns);
  EXPECT_EQ(log(), "out\nerr\n");
  ASSERT_TRUE(begin(folder));  // again changes nothing
  EXPECT_EQ(finish().at, phase::ended);
  EXPECT_EQ(runs(), 1u);
}

TEST_F(job, many_supervisors_begin_it_once) {
  prepare("sleep 0.1");
  std::vector<std::thread> starters;
  for (int i = 0; i < 6; ++i) starters.emplace_back([&] { EXPECT_TRUE(begin(folder)); });
  for (auto& s : starters) s.join();
  EXPECT_EQ(finish().outcome->exit_code, 0);
  EXPECT_EQ(runs(), 1u);
}

TEST_F(job, a_program_that_is_not_there_is_an_outcome) {
  prepare("");
  spec.program.argv = {"/no/such/program"};
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  EXPECT_NE(finish().outcome->exit_code.value_or(0), 0);
  EXPECT_THAT(log(), testing::HasSubstr("/no/such/program"));
}

TEST_F(job, a_stop_right_after_the_start_is_not_lost) {
  // While bubblewrap still prepares there is no program to be told.
  prepare("sleep 600");
  spec.stop_grace_ms = 600'000;
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(request_stop(folder));
  EXPECT_EQ(finish().outcome->cause, cause::stopped);
}

TEST_F(job, a_supervisor_ignores_what_ends_a_server) {
  prepare("touch begun; while [ ! -e go ]; do sleep 0.02; done");
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  for (int signal : {SIGTERM, SIGHUP, SIGINT}) ASSERT_EQ(kill(supervisor(), signal), 0);
  usleep(100'000);
  EXPECT_EQ(state().at, phase::running);
  std::ofstream{folder / "ml" / "go"};
  EXPECT_EQ(finish().outcome->exit_code, 0);
}

TEST_F(job, a_killed_supervisor_takes_its_program_along) {
  prepare("touch begun; sleep 0.3; touch late");
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  ASSERT_EQ(kill(supervisor(), SIGKILL), 0);
  EXPECT_EQ(finish().at, phase::died);
  usleep(500'000);
  EXPECT_FALSE(exists("late"));
  ASSERT_TRUE(begin(folder));
  EXPECT_EQ(finish().at, phase::died);
  EXPECT_EQ(runs(), 1u);
}

// A pipe of "0123456789" for each epoch, below the program's read-only view.
void feed_digits(const sys::path& folder, job_spec& spec) {
  std::filesystem::create_directories(folder / "ml" / "input");
  std::filesystem::create_directories(folder / "feed");
  std::ofstream{folder / "feed" / "0"} << "0123456789";
  std::ofstream{folder / "feed" / feed_records_file} << "[0]\n";
  spec.program.binds.push_back({folder / "ml" / "input", "/opt/ml/input"});
  spec.feeds = {{folder / "ml" / "input" / "train", folder / "feed", false, false, {}}};
}

TEST_F(job, a_confined_program_reads_its_pipes) {
  prepare(
      "for e in 0 1 2; do cat input/train_$e; done; head -c 3 input/train_3; test -e input/train_0 || echo gone; ls "
      "/opt");
  feed_digits(folder, spec);
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  const auto s = finish();
  EXPECT_EQ(s.outcome->exit_code, 0);
  EXPECT_THAT(log(), testing::StrEq("012345678901234567890123456789012gone\nml\n"));
}

TEST_F(job, a_program_that_reads_none_of_its_pipes_ends_as_any) {
  prepare("exit 3");
  feed_digits(folder, spec);
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  EXPECT_EQ(finish().outcome->exit_code, 3);
}

TEST_F(job, input_that_cannot_be_given_ends_the_program) {
  prepare("cat input/train_0");  // which would end well with the part that it got
  feed_digits(folder, spec);
  spec.feeds[0].is_gzipped = true;
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  const auto s = finish();
  ASSERT_EQ(s.at, phase::ended);
  EXPECT_EQ(s.outcome->cause, cause::bad_input);
  EXPECT_THAT(s.outcome->error, testing::StartsWith("object 0: "));
}

TEST_F(job, a_killed_supervisor_takes_its_feeds_along) {
  prepare("head -c 1 input/train_0; touch begun; cat input/train_1; touch late; sleep 600");
  feed_digits(folder, spec);
  std::filesystem::resize_file(folder / "feed" / "0", 64 << 20);
  ASSERT_TRUE(write_spec(folder, spec));
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  ASSERT_EQ(kill(supervisor(), SIGKILL), 0);
  EXPECT_EQ(finish().at, phase::died);
  // Nobody writes: an open that does not wait finds no writer, and so the end.
  sys::descriptor reader{open((folder / "ml" / "input" / "train_1").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  char byte;
  EXPECT_TRUE(!reader || read(reader.get(), &byte, 1) == 0);
  EXPECT_EQ(supervisor(), 0);
}

TEST_F(job, survives_who_started_it) {
  prepare("touch begun; while [ ! -e go ]; do sleep 0.02; done");
  const pid_t server = fork();
  if (server == 0) {
    if (!begin(folder)) _exit(1);
    pause();
  }
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  ASSERT_EQ(kill(server, SIGKILL), 0);
  ASSERT_EQ(waitpid(server, nullptr, 0), server);
  EXPECT_EQ(state().at, phase::running);
  std::ofstream{folder / "ml" / "go"};
  EXPECT_EQ(finish().outcome->exit_code, 0);
  EXPECT_EQ(runs(), 1u);
}

TEST_F(job, stops_with_grace) {
  prepare("trap 'echo saved; exit 0' TERM; touch begun; while true; do sleep 0.02; done");
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  ASSERT_TRUE(request_stop(folder));
  const auto s = finish();
  EXPECT_EQ(s.outcome->cause, cause::stopped);
  EXPECT_EQ(s.outcome->exit_code, 0);
  EXPECT_EQ(log(), "saved\n");
}

TEST_F(job, is_killed_after_its_grace) {
  prepare("trap '' TERM; touch begun; while true; do sleep 0.02; done");
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  ASSERT_TRUE(request_stop(folder, 50));
  EXPECT_EQ(finish().outcome->signal, SIGKILL);
}

TEST_F(job, a_stop_before_the_start_holds) {
  prepare("");
  ASSERT_TRUE(request_stop(folder));
  ASSERT_TRUE(begin(folder));
  EXPECT_EQ(finish().outcome->cause, cause::stopped);
  EXPECT_EQ(runs(), 0u);
}

TEST_F(job, ends_at_its_maximal_runtime) {
  spec.max_runtime_ms = 100;
  spec.stop_grace_ms = 50;
  prepare("while true; do sleep 0.02; done");
  ASSERT_TRUE(begin(folder));
  EXPECT_EQ(finish().outcome->cause, cause::max_runtime);
}

TEST_F(job, the_log_has_a_bound) {
  spec.log_bytes = 100'000;
  prepare("head -c 99999 /dev/zero; echo; echo more; head -c 300000 /dev/zero");
  ASSERT_TRUE(begin(folder));
  EXPECT_EQ(finish().outcome->exit_code, 0);
  const auto text = log();
  EXPECT_EQ(text.find("more"), std::string::npos);
  EXPECT_THAT(text, testing::HasSubstr("reached its bound"));
  EXPECT_LT(text.size(), 100'200u);
}

TEST_F(job, the_log_is_read_from_an_offset) {
  prepare("echo one; echo two");
  EXPECT_EQ(read_log(folder, 0, 100).value_or("?"), "");
  ASSERT_TRUE(begin(folder));
  finish();
  EXPECT_EQ(read_log(folder, 4, 100).value_or("?"), "two\n");
  EXPECT_EQ(read_log(folder, 4, 2).value_or("?"), "tw");
  EXPECT_EQ(read_log(folder, 8, 100).value_or("?"), "");
}

TEST_F(job, a_watch_hears_of_its_end) {
  prepare("sleep 0.1; echo done");
  auto w = watch::on(folder);
  ASSERT_TRUE(w);
  ASSERT_TRUE(begin(folder));
  while (state().at == phase::running) w->wait(20'000);
  EXPECT_EQ(state().at, phase::ended);
}

TEST_F(job, a_watch_hears_of_a_death) {
  prepare("touch begun; sleep 100");
  ASSERT_TRUE(begin(folder));
  ASSERT_TRUE(eventually([&] { return exists("begun"); }));
  auto w = watch::on(folder);
  ASSERT_TRUE(w);
  ASSERT_EQ(kill(supervisor(), SIGKILL), 0);
  while (state().at == phase::running) w->wait(20'000);
  EXPECT_EQ(state().at, phase::died);
}

TEST_F(job, a_watch_can_be_woken) {
  auto w = watch::on(folder);
  ASSERT_TRUE(w);
  w->wake();
  EXPECT_TRUE(w->wait(20'000).woken);
  EXPECT_FALSE(w->wait(0).woken);
}

struct crash {
  const char* point;
  phase left;
  size_t runs;
};

class crashing : public job, public testing::WithParamInterface<crash> {};

// What a supervisor's death leaves, and that beginning again runs nothing twice.
TEST_P(crashing, runs_nothing_twice) {
  prepare("true");
  ASSERT_TRUE(begin(folder, {"/proc/self/exe", {"crash", GetParam().point}}));
  EXPECT_EQ(finish().at, GetParam().left);
  EXPECT_EQ(runs(), GetParam().runs);
  ASSERT_TRUE(begin(folder));
  finish();
  EXPECT_EQ(runs(), GetParam().left == phase::not_begun ? 1u : GetParam().runs);
}

INSTANTIATE_TEST_SUITE_P(points, crashing,
                         testing::Values(crash{"supervisor.before_mark", phase::not_begun, 0},
                                         crash{"supervisor.before_exec", phase::died, 0},
                                         crash{"supervisor.before_outcome", phase::died, 1}),
                         [](const auto& p) { return std::string{std::strrchr(p.param.point, '.') + 1}; });

}  // namespace
}  // namespace mdlc::runner

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "supervise") return mdlc::runner::supervise(argv[2]);
  if (argc == 4 && std::string_view{argv[1]} == "crash") {
    setenv("MDLC_CRASH_AT", argv[2], 1);
    return mdlc::runner::supervise(argv[3]);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
