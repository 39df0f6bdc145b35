// A Git repository in a temporary folder, driven by the git program alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/oid.h"

namespace lazylfs::fs {

// Failures of git are test failures. Thread-compatible.
class GitSandbox {
 public:
  GitSandbox();
  GitSandbox(const GitSandbox&) = delete;
  GitSandbox& operator=(const GitSandbox&) = delete;
  ~GitSandbox();

  const std::string& folder() const { return folder_; }  // holds the work tree and nothing else
  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }

  // stdout, without a final newline.
  std::string git(std::vector<std::string> arguments, std::string_view input = {},
                  const std::string& in_folder = {}) const;

  void write(std::string_view name, std::string_view text) const;
  // Everything in the work tree, at `time`. Returns the commit's id.
  std::string commit_all(std::int64_t time = 1700000000) const;
  // A commit of the tree that `git mktree` makes of `entries` ("100644 blob <oid>\tname\0…").
  std::string commit_tree(const std::string& tree, std::int64_t time = 1700000000) const;
  std::string blob(std::string_view text) const;  // written; its id
  // A tree object of any bytes: "100644 name\0<20 bytes>…".
  std::string raw_tree(std::string_view bytes) const;

 private:
  std::string base_;
  std::string folder_;
};

Oid test_oid(unsigned number);
std::string pointer_text(const Oid& oid, std::uint64_t size);

}  // namespace lazylfs::fs
