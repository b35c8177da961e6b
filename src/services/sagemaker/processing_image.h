// What a processing job's image runs as. Containers are not run: a job that names its own entry point gets Python.
#pragma once

#include "services/sagemaker/images.h"

namespace mdlc::services::sagemaker {

struct processing_image {
  // Its binds and environment, or, in `scripts`, the environment to make (prepare_environment in scripts.h); train and
  // serve are of no use here.
  sagemaker::image image;
  std::vector<std::string> argv;  // the entry point with the arguments
};

// For a request's AppSpecification. Images that run scripts of the user's in training jobs have the same packages here.
// For all others `python`, the server's interpreter, is what python and python3 mean in an entry point, with the
// packages of the functions' environment (boto3) at hand. An error is the customer's: which image it is and what to do.
base::result<processing_image> find_processing_image(const runner::image_table&, const json::value& app_specification,
                                                     const std::string& python);

}  // namespace mdlc::services::sagemaker
