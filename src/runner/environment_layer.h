// A program's own layer over an environment that it shares (environments.h): a virtual environment of a few small files
// whose interpreter finds the shared one's packages after its own. What the program installs while it runs lands there
// and is gone with its folder; the shared one stays as it is.
#pragma once

#include "runner/confine.h"
#include "runner/environments.h"

namespace mdlc::runner {

inline constexpr std::string_view layer_place = "/opt/mdlc/own";
// PATH of a program that sees a layer and the environment below it.
inline constexpr std::string_view layer_path =
    "/opt/mdlc/own/bin:/opt/mdlc/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Makes `folder`, to be bound at layer_place, writable, beside `environment` at environment_place; it belongs to
// `owner` where the server is root. Nothing is synced: a layer lives no longer than its program.
base::result<void> make_layer(const sys::path& environment, const sys::path& folder, const identity& owner);

}  // namespace mdlc::runner
