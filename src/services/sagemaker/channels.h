// A training job's input channels: what a request may say of them, and how its program gets them.
//
// Files (File and FastFile mode) are links to S3's own bytes. In Pipe mode the objects lie beside what the program
// sees, and the job's supervisor feeds its pipes with them (runner/feed.h). One host runs a job, so ShardedByS3Key
// gives it everything; the order of files means nothing, so ShuffleConfig does something in Pipe mode alone.
#pragma once

#include "runner/feed.h"
#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// A line of an augmented manifest without its end, and all of the manifest.
inline constexpr int64_t augmented_line_bytes_max = int64_t{1} << 20;
inline constexpr int64_t augmented_manifest_bytes_max = int64_t{256} << 20;

// What a request that makes training jobs says in AlgorithmSpecification and InputDataConfig. An error is SageMaker's
// answer.
api::answer<void> check_channels(const json::object& request);

// What reads the channels: a program, or a built-in algorithm, which reads files and is given as files what a pipe
// would bring.
enum class reader { program, builtin };

// Places all channels below ml/input/data of the job's folder. The feeds are of those in Pipe mode. An error is the
// customer's.
base::result<std::vector<runner::feed>> place_channels(run&, reader);

// inputdataconfig.json.
json::object input_data_config(const job&);

// What a line of an augmented manifest gives for these attributes: texts, and for each -ref the object's URI.
struct augmented_part {
  bool is_object = false;
  std::string text;
};
base::result<std::vector<augmented_part>> read_augmented_line(std::string_view line, const json::array& attributes);

}  // namespace mdlc::services::sagemaker
