// What the rows of the command table run; each is documented by its row in commands.cc.
#pragma once

#include "cli/command.h"

namespace lazylfs::cli {

Result<ExitCode> run_cache_evict(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_gc(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_ls(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_path(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_pin(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_status(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_unpin(Context& context, const Arguments& arguments);
Result<ExitCode> run_cache_verify(Context& context, const Arguments& arguments);
Result<ExitCode> run_checkout(Context& context, const Arguments& arguments);
Result<ExitCode> run_clean(Context& context, const Arguments& arguments);
Result<ExitCode> run_clone(Context& context, const Arguments& arguments);
Result<ExitCode> run_completion(Context& context, const Arguments& arguments);
Result<ExitCode> run_dedup(Context& context, const Arguments& arguments);
Result<ExitCode> run_env(Context& context, const Arguments& arguments);
Result<ExitCode> run_ext(Context& context, const Arguments& arguments);
Result<ExitCode> run_ext_list(Context& context, const Arguments& arguments);
Result<ExitCode> run_fetch(Context& context, const Arguments& arguments);
Result<ExitCode> run_filter_process(Context& context, const Arguments& arguments);
Result<ExitCode> run_fsck(Context& context, const Arguments& arguments);
Result<ExitCode> run_gc(Context& context, const Arguments& arguments);
Result<ExitCode> run_generate(Context& context, const Arguments& arguments);
Result<ExitCode> run_help(Context& context, const Arguments& arguments);
Result<ExitCode> run_install(Context& context, const Arguments& arguments);
Result<ExitCode> run_install_hooks(Context& context, const Arguments& arguments);
Result<ExitCode> run_lock(Context& context, const Arguments& arguments);
Result<ExitCode> run_locks(Context& context, const Arguments& arguments);
Result<ExitCode> run_logs(Context& context, const Arguments& arguments);
Result<ExitCode> run_logs_boomtown(Context& context, const Arguments& arguments);
Result<ExitCode> run_logs_clear(Context& context, const Arguments& arguments);
Result<ExitCode> run_logs_last(Context& context, const Arguments& arguments);
Result<ExitCode> run_logs_show(Context& context, const Arguments& arguments);
Result<ExitCode> run_ls_files(Context& context, const Arguments& arguments);
Result<ExitCode> run_merge_driver(Context& context, const Arguments& arguments);
Result<ExitCode> run_migrate_export(Context& context, const Arguments& arguments);
Result<ExitCode> run_migrate_import(Context& context, const Arguments& arguments);
Result<ExitCode> run_migrate_info(Context& context, const Arguments& arguments);
Result<ExitCode> run_mount(Context& context, const Arguments& arguments);
Result<ExitCode> run_mounts(Context& context, const Arguments& arguments);
Result<ExitCode> run_pointer(Context& context, const Arguments& arguments);
Result<ExitCode> run_post_checkout(Context& context, const Arguments& arguments);
Result<ExitCode> run_post_commit(Context& context, const Arguments& arguments);
Result<ExitCode> run_post_merge(Context& context, const Arguments& arguments);
Result<ExitCode> run_pre_push(Context& context, const Arguments& arguments);
Result<ExitCode> run_prefetch(Context& context, const Arguments& arguments);
Result<ExitCode> run_prune(Context& context, const Arguments& arguments);
Result<ExitCode> run_pull(Context& context, const Arguments& arguments);
Result<ExitCode> run_push(Context& context, const Arguments& arguments);
Result<ExitCode> run_smudge(Context& context, const Arguments& arguments);
Result<ExitCode> run_standalone_file(Context& context, const Arguments& arguments);
Result<ExitCode> run_status(Context& context, const Arguments& arguments);
Result<ExitCode> run_textconv(Context& context, const Arguments& arguments);
Result<ExitCode> run_track(Context& context, const Arguments& arguments);
Result<ExitCode> run_uninstall(Context& context, const Arguments& arguments);
Result<ExitCode> run_uninstall_hooks(Context& context, const Arguments& arguments);
Result<ExitCode> run_unlock(Context& context, const Arguments& arguments);
Result<ExitCode> run_unmount(Context& context, const Arguments& arguments);
Result<ExitCode> run_untrack(Context& context, const Arguments& arguments);
Result<ExitCode> run_update(Context& context, const Arguments& arguments);
Result<ExitCode> run_version(Context& context, const Arguments& arguments);
Result<ExitCode> run_why(Context& context, const Arguments& arguments);

}  // namespace lazylfs::cli
