// What a processing job's image runs as. Containers are not run: a job that names its own entry point gets Python.
#pragma once

#include "services/sagemaker/images.h"

namespace mdlc::services::sagemaker {

struct processing_image {
  sagemaker::image image;         // its binds and environment; train and serve are of no use here
  std::vector<std::string> argv;  // the entry point with the arguments
};

// For a request's AppSpecification. `python` is the server's interpreter: it is what python and python3 mean in an
// entry point, with the packages of the functions' environment (boto3) at hand. Environments of single images belong
// here. An error is the customer's: which image it is and what to do.
base::result<processing_image> find_processing_image(const json::value& app_specification, const std::string& python);

}  // namespace mdlc::services::sagemaker
