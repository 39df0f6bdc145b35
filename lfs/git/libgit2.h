// libgit2's types as owning handles, and its errors as ours. Private to lfs/git.
#pragma once

#include <string>
#include <string_view>

#include <git2.h>

#include "lfs/base/handle.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

using RepositoryHandle = Handle<git_repository, git_repository_free>;
using OdbHandle = Handle<git_odb, git_odb_free>;
using OdbObjectHandle = Handle<git_odb_object, git_odb_object_free>;
using ObjectHandle = Handle<git_object, git_object_free>;
using ReferenceHandle = Handle<git_reference, git_reference_free>;
using ReferenceIteratorHandle = Handle<git_reference_iterator, git_reference_iterator_free>;
using ConfigHandle = Handle<git_config, git_config_free>;
using ConfigIteratorHandle = Handle<git_config_iterator, git_config_iterator_free>;

// Starts libgit2 with this program's limits, once a process. Every entry point calls it first.
void start_libgit2();

// The failure that libgit2 reported last on this thread, as "what: <its text>".
Error libgit2_error(int rc, std::string_view what);

git_oid to_libgit2(const GitOid& oid);
GitOid from_libgit2(const git_oid& oid);

}  // namespace lazylfs::lfs
