// Which service a request is for, and where an S3 request's bucket stands.
#pragma once

#include <span>
#include <string>

#include "wire/request.h"
#include "wire/shape.h"

namespace mdlc::wire {

// By the signature's scope (`signed_for`, may be empty), X-Amz-Target, the Host's first label, the path's form. What is
// nobody else's is S3's, as every path may be a bucket. Null if S3 is not served.
const service* find_service(std::span<const service* const>, const request&, std::string_view signed_for);

// The path with the bucket in front where the host has it (bucket.localhost:4566, bucket.s3.us-east-1.localhost).
std::string path_with_bucket(const request&);

}  // namespace mdlc::wire
