// Programs that look around and try to get out. They run for real, confined by bubblewrap.
#include "runner/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

class confined : public testing::Test {
 protected:
  temporary_folder folder;

  struct finished {
    process::end end;
    std::string printed;
  };

  finished run(const program& p) {
    const auto to = folder / "printed";
    sys::descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    auto running = start(p, out.get(), out.get());
    if (!running) {
      ADD_FAILURE() << running.error().message;
      return {};
    }
    finished f;
    f.end = running->wait();
    f.printed = sys::read_file(to).value_or("");
    return f;
  }

  static program shell(std::string script) {
    program p;
    p.argv = {"/bin/sh", "-c", std::move(script)};
    p.environment = {{"PATH", "/usr/bin:/bin"}};
    p.identity_key = "confine_test";
    return p;
  }

  // A folder that the program's user owns.
  sys::path own_folder(std::string_view name) {
    const auto made = folder / name;
    std::filesystem::create_directory(made);
    const auto who = identity_for("confine_test");
    EXPECT_EQ(chown(made.c_str(), who.uid, who.gid), 0);
    return made;
  }
};

TEST_F(confined, exit_codes_and_signals_come_out) {
  EXPECT_EQ(run(shell("exit 0")).end.exit_code, 0);
  EXPECT_EQ(run(shell("exit 3")).end.exit_code, 3);
  EXPECT_EQ(run(shell("kill -9 $$")).end.signal, 9);
}

TEST_F(confined, nothing_of_the_machine_is_there) {
  std::ofstream{folder / "secret"} << "secret";
  for (const auto& gone :
       {std::string{"/root"}, std::string{"/home"}, std::string{"/var/lib"}, std::string{"/srv"},
        std::string{"/etc/shadow"}, std::string{"/sys"}, folder.path().string(), (folder / "secret").string()})
    EXPECT_EQ(run(shell(fmt::format("ls -d {} 2>/dev/null", gone))).printed, "") << gone;
}

TEST_F(confined, sees_its_own_processes_only) {
  EXPECT_LE(std::stoi(run(shell("ls /proc | grep -c '^[0-9]'")).printed), 6);
}

TEST_F(confined, inherits_nothing) {
  const sys::descriptor leaked{open("/proc/self/exe", O_RDONLY)};  // without O_CLOEXEC, on purpose
  setenv("MDLC_TEST_SECRET", "1", 1);
  auto p = shell("ls /proc/self/fd; env | sort");
  p.environment.emplace_back("GIVEN", "a b\n\"c\"");
  // The fourth is ls's own, of the folder.
  EXPECT_EQ(run(p).printed, "0\n1\n2\n3\n\"c\"\nGIVEN=a b\nPATH=/usr/bin:/bin\nPWD=/\n");
}

TEST_F(confined, is_an_unprivileged_user) {
  const auto who = identity_for("confine_test");
  EXPECT_NE(who.uid, 0u);
  EXPECT_EQ(run(shell("id -u; id -g")).printed, fmt::format("{}\n{}\n", who.uid, who.gid));
  EXPECT_EQ(run(shell("grep -h Cap /proc/self/status | grep -v 0000000000000000")).printed, "");
  EXPECT_NE(run(shell("unshare -U true 2>/dev/null")).end.exit_code, 0);
}

TEST_F(confined, writes_only_where_it_may) {
  auto p =
      shell("echo x > /in/new; echo y > /in/file; chmod 777 /in/file; echo z > /usr/z; echo z > /z; echo ok > /out/ok");
  const auto in = own_folder("in"), out = own_folder("out");
  std::ofstream{in / "file"} << "as it was";
  p.binds = {{in, "/in"}, {out, "/out", true}};
  run(p);
  EXPECT_EQ(sys::read_file(in / "file").value_or(""), "as it was");
  EXPECT_FALSE(std::filesystem::exists(in / "new"));
  EXPECT_EQ(sys::read_file(out / "ok").value_or(""), "ok\n");
}

TEST_F(confined, a_bind_inside_a_bind_keeps_its_own_rights) {
  auto p = shell("echo x > /ml/a; echo x > /ml/input/b; ls /ml/input");
  const auto ml = own_folder("ml");
  std::filesystem::create_directory(ml / "input");
  std::ofstream{ml / "input" / "data"} << "1";
  p.binds = {{ml, "/ml", true}, {ml / "input", "/ml/input"}};
  EXPECT_NE(run(p).printed.find("data\n"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(ml / "a"));
  EXPECT_FALSE(std::filesystem::exists(ml / "input" / "b"));
}

TEST_F(confined, a_file_can_be_bound) {
  std::ofstream{folder / "one"} << "content";
  chmod((folder / "one").c_str(), 0444);
  auto p = shell("cat /opt/one");
  p.binds = {{folder / "one", "/opt/one"}};
  EXPECT_EQ(run(p).printed, "content");
}

TEST_F(confined, is_called_as_said) {
  auto p = shell("uname -n; getent ahostsv4 algo-1 | head -1 | cut -d' ' -f1");
  EXPECT_EQ(run(p).printed, "algo-1\n127.0.0.1\n");
}

TEST_F(confined, has_the_network_or_none) {
  auto p = shell("ls /proc/self/net/dev >/dev/null && grep -c : /proc/self/net/dev");
  p.network = network::none;
  EXPECT_EQ(run(p).printed, "1\n");  // an own loopback and nothing else
}

TEST_F(confined, a_file_ends_at_its_bound) {
  for (const auto& [bytes, fits] : {std::pair{4095, true}, std::pair{4096, true}, std::pair{4097, false}}) {
    auto p = shell(fmt::format("head -c {} /dev/zero > /out/f", bytes));
    p.binds = {{own_folder("out"), "/out", true}};
    p.limits.file_bytes = 4096;
    EXPECT_EQ(run(p).end.exit_code == 0, fits) << bytes;
    EXPECT_LE(std::filesystem::file_size(folder / "out" / "f"), 4096u);
  }
}

TEST_F(confined, forks_up_to_its_bound) {
  auto p =
      shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 5 & done 2>/dev/null; kill -9 -1");
  p.argv = {"/usr/bin/python3", "-c",
            "import os, time\n"
            "n = 0\n"
            "try:\n"
            "  while n < 200:\n"
            "    if os.fork() == 0: time.sleep(100)\n"
            "    n += 1\n"
            "except BlockingIOError: print(n)\n"};
  p.limits.processes = 20;
  const auto done = run(p);
  ASSERT_FALSE(done.printed.empty());
  EXPECT_LE(std::stoi(done.printed), 20);
  EXPECT_GE(std::stoi(done.printed), 10);
}

TEST_F(confined, takes_no_more_memory_than_its_bound) {
  auto p = shell("");
  p.argv = {"/usr/bin/python3", "-c", "x = bytearray(200 << 20); print('got it')"};
  p.limits.data_bytes = 100 << 20;
  EXPECT_EQ(run(p).printed.find("got it"), std::string::npos);
  p.limits.data_bytes = 400 << 20;
  EXPECT_EQ(run(p).printed, "got it\n");
}

TEST_F(confined, terminate_reaches_the_program_itself) {
  auto p = shell("trap 'echo ended well; exit 7' TERM; echo ready; while true; do sleep 0.05; done");
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  sys::descriptor out{ends[0]}, in{ends[1]};
  auto running = start(p, in.get(), in.get());
  ASSERT_TRUE(running) << running.error().message;
  in = {};
  char buffer[64];
  ASSERT_GT(read(out.get(), buffer, sizeof buffer), 0);
  running->terminate();
  EXPECT_EQ(running->wait().exit_code, 7);
  const auto got = read(out.get(), buffer, sizeof buffer);
  EXPECT_EQ(std::string_view(buffer, static_cast<size_t>(got)), "ended well\n");
}

TEST_F(confined, dropping_a_process_ends_it) {
  auto p = shell("touch /out/begun; sleep 0.2; touch /out/late");
  p.binds = {{own_folder("out"), "/out", true}};
  {
    auto running = start(p, 2, 2);
    ASSERT_TRUE(running) << running.error().message;
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder / "out" / "begun"); }));
  }
  usleep(400'000);
  EXPECT_FALSE(std::filesystem::exists(folder / "out" / "late"));
}

TEST_F(confined, what_cannot_be_an_environment_is_refused) {
  for (std::string_view name : {std::string_view{}, std::string_view{"A=B"}, std::string_view{"A\0B", 3}}) {
    auto p = shell("true");
    p.environment = {{std::string{name}, "x"}};
    EXPECT_FALSE(start(p, 2, 2)) << name;
  }
}

TEST_F(confined, identities_stay_in_their_range) {
  if (geteuid() != 0) GTEST_SKIP() << "only a root server has users to give";
  EXPECT_EQ(identity_for("a").uid, identity_for("a").uid);
  EXPECT_NE(identity_for("a").uid, identity_for("b").uid);
  setenv("MDLC_JOB_UIDS", "70000:1", 1);
  EXPECT_EQ(identity_for("a").uid, 70000u);
  unsetenv("MDLC_JOB_UIDS");
}

}  // namespace
}  // namespace mdlc::runner
