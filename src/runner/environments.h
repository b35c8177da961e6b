// Python environments for scripts: packages beside one interpreter, made once and shared by all jobs that ask for the
// same.
//
//   <runtimes folder>/scripts-DIGEST/   DIGEST names the interpreter and all that was asked for
//     environment.json                  what it was made of
//     python/                           a virtual environment; programs see it, read-only, at environment_place
//
// What is installed may run a stranger's setup program: pip runs confined as jobs do, and sees nothing but the folder
// that it fills. An environment appears at once and whole; two that ask for the same one make it once.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/program.h"
#include "runner/runtimes.h"

namespace mdlc::runner {

inline constexpr std::string_view environment_place = "/opt/mdlc/python";
inline constexpr std::string_view environment_python = "/opt/mdlc/python/bin/python";
// PATH of a program that sees the environment.
inline constexpr std::string_view environment_path =
    "/opt/mdlc/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
inline constexpr std::string_view code_place = "/opt/ml/code";

// Lets a program that runs pip know where packages come from: the operator's settings of the server, PIP_… variables
// and pip.conf.
void add_pip_settings(program&);

struct requirements {
  std::string text;  // of folder/requirements.txt
  sys::path folder;  // pip sees it at code_place: the text may name files of it (`-r more.txt`, `./own.whl`)
};

struct environment_contents {
  std::string python = std::string{default_python};
  // Pinned ("numpy==1.26.4") and whole: they are installed as wheels, without looking at what they ask for.
  std::vector<std::string> packages = {};
  // Each is installed over what is there, as pip does it.
  std::vector<runner::requirements> requirements = {};
};

struct installing {
  // Whose identity reads the requirements' folder (program::identity_key); without one, nobody else's.
  std::string identity_key = {};
  std::function<void(std::string_view)> say = [](std::string_view) {};  // pip's output, in pieces
  std::function<bool()> cancelled = [] { return false; };               // asked several times a second
};

struct install_failure {
  enum class cause { pip, cancelled, machine };
  cause why;
  std::string message;  // pip: its last lines
};

class environments {
 public:
  explicit environments(sys::path folder = runtimes_folder()) : folder_(std::move(folder)) {}

  // Whether it is there already.
  bool has(const environment_contents&) const;
  // The folder to bind at environment_place; made first if need be, which takes as long as pip does. Thread-safe.
  base::result<sys::path, install_failure> make(const environment_contents&, const installing& = {}) const;

 private:
  base::result<sys::path, install_failure> make_locked(const environment_contents&, const sys::path& base,
                                                       const installing&) const;
  sys::path place_of(const environment_contents&) const;

  sys::path folder_;
};

}  // namespace mdlc::runner
