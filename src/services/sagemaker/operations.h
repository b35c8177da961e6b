// What SageMaker does here: THE list.
#pragma once

#include "api/operation.h"
#include "services/sagemaker/model.h"

namespace mdlc::services::sagemaker {

class service;

#define MDLC_SAGEMAKER_OPERATIONS(op, deferred)                                                                      \
  op(AddTags, add_tags) op(CreateModel, create_model) op(CreateTrainingJob, create_training_job)                     \
      op(CreateProcessingJob, create_processing_job) op(DescribeProcessingJob, describe_processing_job)              \
          op(ListProcessingJobs, list_processing_jobs) op(StopProcessingJob, stop_processing_job)                    \
              op(CreateTransformJob, create_transform_job) op(DeleteModel, delete_model) op(DeleteTags, delete_tags) \
                  op(DescribeModel, describe_model) op(DescribeTrainingJob, describe_training_job)                   \
                      op(DescribeTransformJob, describe_transform_job) op(ListModels, list_models)                   \
                          op(ListTags, list_tags) op(ListTrainingJobs, list_training_jobs)                           \
                              op(ListTransformJobs, list_transform_jobs) op(StopTrainingJob, stop_training_job)      \
                                  op(StopTransformJob, stop_transform_job)                                           \
                                      op(CreateHyperParameterTuningJob, create_hyper_parameter_tuning_job)           \
                                          op(DescribeHyperParameterTuningJob, describe_hyper_parameter_tuning_job)   \
                                              op(ListHyperParameterTuningJobs, list_hyper_parameter_tuning_jobs)     \
                                                  op(ListTrainingJobsForHyperParameterTuningJob,                     \
                                                     list_training_jobs_for_hyper_parameter_tuning_job)              \
                                                      op(StopHyperParameterTuningJob, stop_hyper_parameter_tuning_job)

// clang-format off
#define MDLC_SAGEMAKER_ENDPOINT_OPERATIONS(op, deferred)                        \
  op(CreateEndpoint, create_endpoint)                                           \
  op(CreateEndpointConfig, create_endpoint_config)                              \
  op(DeleteEndpoint, delete_endpoint)                                           \
  op(DeleteEndpointConfig, delete_endpoint_config)                              \
  op(DescribeEndpoint, describe_endpoint)                                       \
  op(DescribeEndpointConfig, describe_endpoint_config)                          \
  op(ListEndpointConfigs, list_endpoint_configs)                                \
  op(ListEndpoints, list_endpoints)                                             \
  op(UpdateEndpoint, update_endpoint)                                           \
  op(UpdateEndpointWeightsAndCapacities, update_endpoint_weights_and_capacities)
// clang-format on

MDLC_DECLARE_OPERATIONS(MDLC_SAGEMAKER_OPERATIONS)
MDLC_DECLARE_OPERATIONS(MDLC_SAGEMAKER_ENDPOINT_OPERATIONS)

}  // namespace mdlc::services::sagemaker
