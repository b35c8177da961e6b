// Runs a target without libFuzzer, for ctest:
//
//   PROGRAM SEEDS DICTIONARY RUNS      every seed as it stands, then RUNS mutations of them, the same in each run
//   PROGRAM FILE                       one input, as it was saved
//
// SEEDS has an input a line (`\n` in it is a line's end), DICTIONARY a "token" a line. An input that crashes, or takes
// more than max_cpu_s of the processor, is saved as ./crash-PROGRAM and the process ends unsuccessfully.
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "target.h"

namespace {

constexpr int max_cpu_s = 10;

const std::string* current = nullptr;
std::string saved_as;

void save_and_die(int signal) {
  const char* why = signal == SIGVTALRM ? "hang: saved as " : "crash: saved as ";
  int fd = open(saved_as.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (current && fd >= 0 && write(fd, current->data(), current->size()) >= 0) close(fd);
  for (const char* text : {why, saved_as.c_str(), "\n"})
    if (write(STDERR_FILENO, text, std::char_traits<char>::length(text)) < 0) break;
  _exit(1);
}

// On a stack of its own: what overflowed is the other.
void catch_signals() {
  static char stack[64 * 1024];
  stack_t own{};
  own.ss_sp = stack;
  own.ss_size = sizeof stack;
  sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_handler = save_and_die;
  action.sa_flags = SA_ONSTACK;
  for (int s : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGVTALRM}) sigaction(s, &action, nullptr);
}

void run(const std::string& input) {
  current = &input;
  itimerval bound{};
  bound.it_value.tv_sec = max_cpu_s;
  setitimer(ITIMER_VIRTUAL, &bound, nullptr);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::vector<std::string> lines(const char* path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    for (size_t at; (at = line.find("\\n")) != line.npos;) line.replace(at, 2, "\n");
    out.push_back(std::move(line));
  }
  return out;
}

std::vector<std::string> tokens(const char* path) {
  auto out = lines(path);
  for (auto& t : out) {
    t = t.substr(1, t.size() - 2);
    for (size_t at = 0; (at = t.find('\\', at)) != t.npos; ++at) t.erase(at, 1);
  }
  return out;
}

class mutator {
 public:
  mutator(std::vector<std::string> seeds, std::vector<std::string> words)
      : seeds_(std::move(seeds)), words_(std::move(words)) {}

  std::string next() {
    auto out = one_of(seeds_);
    for (size_t n = 1 + pick(6); n; --n) change(out);
    out.resize(std::min(out.size(), mdlc::fuzz::max_input_bytes));
    return out;
  }

 private:
  size_t pick(size_t n) { return luck_() % n; }
  const std::string& one_of(const std::vector<std::string>& all) { return all[pick(all.size())]; }

  void change(std::string& s) {
    size_t at = pick(s.size() + 1), length = std::min(s.size() - at, pick(24));
    switch (pick(6)) {
      case 0:
        if (at < s.size()) s[at] = static_cast<char>(s[at] ^ (1 << pick(8)));
        break;
      case 1:
        s.erase(at, length);
        break;
      case 2:
        s.insert(at, one_of(words_));
        break;
      case 3:
        s.replace(at, length, one_of(words_));
        break;
      case 4: {
        const auto& other = one_of(seeds_);
        size_t from = pick(other.size());
        s.insert(at, other.substr(from, pick(64)));
        break;
      }
      default: {
        // The same again and again: nesting, long numbers, long texts.
        std::string part = s.substr(at, std::max<size_t>(length, 1));
        for (size_t n = pick(64); n && s.size() < mdlc::fuzz::max_input_bytes; --n) s.insert(at, part);
      }
    }
  }

  std::vector<std::string> seeds_, words_;
  std::mt19937_64 luck_{1};
};

}  // namespace

int main(int argc, char** argv) {
  std::string program = argv[0];
  saved_as = "crash-" + program.substr(program.rfind('/') + 1);
  catch_signals();
  if (argc == 2) {
    std::ifstream in(argv[1], std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    run(all.str());
    return 0;
  }
  if (argc != 4) {
    std::cerr << "usage: " << program << " SEEDS DICTIONARY RUNS | FILE\n";
    return 2;
  }
  auto seeds = lines(argv[1]);
  for (const auto& s : seeds) run(s);
  mutator any{seeds, tokens(argv[2])};
  for (long n = std::stol(argv[3]); n > 0; --n) run(any.next());
  return 0;
}
