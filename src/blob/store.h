// Bytes of objects: files under names of their own, fsynced before any row points to them, immutable afterwards.
//
// A blob without a row (a crash between staging and commit, a deleted object) is garbage; `sweep` removes it.
// Files are 256 folders wide: ab/ab12…, by the first two digits of the name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/env.h"
#include "sys/files.h"

namespace mdlc::blob {

// A durable blob's name and size; what rows hold. The name has no '/' and no meaning.
struct ref {
  std::string name;
  int64_t size = 0;
};

// A blob that is being written. Dropped without finish(), it leaves nothing. One thread at a time.
class writer {
 public:
  virtual ~writer() = default;
  virtual base::result<void> write(std::string_view bytes) = 0;
  virtual int64_t written() const = 0;
  // Syncs file and folder; after it the blob is durable, until swept if no row comes to point to it.
  virtual base::result<ref> finish() = 0;
};

// `count` bytes from `offset` of a blob, to be sent; holds the file open, so a later sweep does not hurt.
class slice {
 public:
  slice(std::shared_ptr<sys::descriptor> file, int64_t offset, int64_t count, ref whole = {})
      : file_(std::move(file)), offset_(offset), count_(count), whole_(std::move(whole)) {}
  int fd() const { return file_->get(); }
  int64_t offset() const { return offset_; }
  int64_t count() const { return count_; }
  const ref& whole() const { return whole_; }  // the blob that it is part of
  // Everything; only for what is known to be small.
  base::result<std::string> read_all() const;

 private:
  std::shared_ptr<sys::descriptor> file_;
  int64_t offset_, count_;
  ref whole_;
};

class store {
 public:
  // `folder` is made if need be.
  static base::result<std::unique_ptr<store>> open(const sys::path& folder, sys::env&);
  virtual ~store() = default;

  // All thread-safe.
  virtual base::result<std::unique_ptr<writer>> stage() = 0;
  base::result<ref> put(std::string_view bytes);  // stage, write, finish
  virtual base::result<slice> open_slice(const ref&, int64_t offset, int64_t count) = 0;
  base::result<slice> open_slice(const ref& r) { return open_slice(r, 0, r.size); }
  // The file, for read-only bind mounts into jobs. Never hand out a way to write it. Anyone who has the name may read
  // it (mode 0444), which is chance that nobody else can list (folders are 0711): a job's own user can be given a file
  // before or after the server's privileges are dropped.
  virtual sys::path file_of(const ref&) const = 0;
  // A second name for the file, in a folder of the same file system: bytes that a job was promised stay when the object
  // is overwritten or deleted.
  virtual base::result<void> link(const ref&, const sys::path& to) = 0;
  // Removes now; nothing may point to it any more. Missing is fine.
  virtual void remove(const std::string& name) = 0;
  // Removes each blob for which `in_use` says no and that was staged before this process started or, where younger,
  // over an hour ago: what another thread is about to publish stays.
  virtual int64_t sweep(const std::function<bool(const std::string& name)>& in_use) = 0;
};

}  // namespace mdlc::blob
