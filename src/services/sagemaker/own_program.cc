#include "services/sagemaker/own_program.h"

#include "services/sagemaker/scripts.h"

namespace mdlc::services::sagemaker {

base::result<void> prepare_own_program(run& r, image& i, std::string_view uri) {
  const auto program = r.folder() / "program";
  auto taken = r.s.images.take(uri, program);
  if (!taken) return base::fail("ClientError: " + taken.error().message);
  if (!*taken)
    return base::fail(fmt::format("ClientError: The image {} was removed from the image table meanwhile", uri));
  i.binds.push_back({program, std::string{program_place}});
  std::error_code error;
  const bool is_python = i.train.front() == runner::environment_python;
  if (!is_python && !std::filesystem::exists(program / "requirements.txt", error)) return {};
  MDLC_TRY([[maybe_unused]] const bool ready, prepare_environment(r, i, *i.own, program));
  return {};
}

}  // namespace mdlc::services::sagemaker
