"""What the tests of the filters share: the same commands through our program and upstream's."""
import subprocess

from harness import MountTest, environment


class FilterTest(MountTest):
    def run_as(self, program, *argv, cwd=None, data=b"", check=False, env=None, deadline_s=60):
        """Runs `argv` with ours or upstream first in PATH; returns (code, out, err) as bytes."""
        first = self.upstream_first if program == "upstream" else self.ours_first
        result = subprocess.run(
            argv, cwd=cwd or self.scratch, input=data, capture_output=True, timeout=deadline_s,
            env={**environment(self.home, self.cache, first), **(env or {})}, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{argv}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result.returncode, result.stdout, result.stderr

    def work_tree(self, program, name=None, settings=(), url=None):
        """A repository whose filters are those of git-lfs install, without hooks."""
        work = self.folder(name or f"{program}-work")
        self.run_as(program, "git", "init", "-q", "-b", "main", cwd=work, check=True)
        for key, value in (("filter.lfs.clean", "git-lfs clean -- %f"),
                           ("filter.lfs.smudge", "git-lfs smudge -- %f"),
                           ("filter.lfs.process", "git-lfs filter-process"),
                           ("filter.lfs.required", "true"),
                           ("lfs.url", url or "http://127.0.0.1:1/nothing"), *settings):
            if value is None:
                self.run_as(program, "git", "config", "--unset", key, cwd=work, check=True)
                continue
            self.run_as(program, "git", "config", key, value, cwd=work, check=True)
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        return work

    def git_as(self, program, work, *arguments, **options):
        return self.run_as(program, "git", *arguments, cwd=work, **{"check": True, **options})

    def store_of(self, work):
        base = work / ".git/lfs/objects"
        return {p.name: p.read_bytes() for p in base.rglob("*") if p.is_file()}

    def blobs_of(self, work, program):
        _, listed, _ = self.git_as(program, work, "ls-files", "-s", "-z")
        return sorted(listed.split(b"\0"))

    def temporaries(self, work):
        folder = work / ".git/lfs/tmp"
        return [p for p in folder.rglob("*") if p.is_file()] if folder.exists() else []
