// Named places at which tests kill the server: before an effect, after it, before its outcome, before the answer.
//
// MDLC_CRASH_AT="name" kills the process with SIGKILL when it passes that point; "name:3" at the third passing.
// Without the variable a point costs one load. Every name stands in crash_points below; the tests go through that list.
//
// With MDLC_CRASH_IN="scene", passings count from when that scene began; with "scene:2" from its second beginning.
// A scene is a state's name.
#pragma once

#include <array>
#include <string_view>

namespace mdlc::sys {

inline constexpr std::array crash_points{
    std::string_view{"store.before_commit"},            // units have run, nothing is durable
    std::string_view{"store.after_commit"},             // durable, nobody was told
    std::string_view{"api.before_answer"},              // the client's answer is ready and not sent
    std::string_view{"engine.before_issue"},            // a command is durable in the journal and was not issued
    std::string_view{"engine.before_outcome"},          // an outside effect happened, its outcome is not recorded
    std::string_view{"runner.before_start"},            // a job's row is durable, its supervisor is not started
    std::string_view{"runner.after_start"},             // its supervisor runs, nobody knows
    std::string_view{"supervisor.before_mark"},         // the supervisor holds the lock, no started mark
    std::string_view{"supervisor.before_exec"},         // the mark is durable, the program not begun
    std::string_view{"supervisor.before_outcome"},      // the program ended, its outcome is not written
    std::string_view{"tuning.before_step"},             // a training job's end is known, nothing was made of it
    std::string_view{"tuning.after_step"},              // what a tuning job does next is durable, nobody knows
    std::string_view{"job.before_publish"},             // the program ended, its results are not yet objects
    std::string_view{"job.after_publish"},              // they are, the job's end is not recorded
    std::string_view{"map_run.before_items"},           // a map run's items are spooled, its row does not know
    std::string_view{"map_run.before_begin"},           // children's inputs are made, none is begun
    std::string_view{"map_run.after_begin"},            // some are, durably
    std::string_view{"map_run.before_result"},          // a file of results is written, and is no object yet
    std::string_view{"map_run.before_end"},             // its results are there, its end is not recorded
    std::string_view{"endpoint.before_start"},          // a model server is laid out, its supervisor is not started
    std::string_view{"endpoint.after_start"},           // its supervisor runs, nobody knows
    std::string_view{"endpoint.before_switch"},         // the new model servers answer, the row does not say so
    std::string_view{"endpoint.after_switch"},          // it does, the old ones still run
    std::string_view{"endpoint.before_rollback_ends"},  // the row says RollingBack, the new ones still run
    std::string_view{"endpoint.before_row_goes"},       // a deleted endpoint's servers ended, its row is there
};

void crash_point(std::string_view name);
void crash_scene(std::string_view name);

}  // namespace mdlc::sys
