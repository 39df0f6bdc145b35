#!/usr/bin/env python3
"""Repositories and servers that mean harm: pointers, attributes, .lfsconfig, links, hrefs, paths."""
import os

from conformance import main, pointer, scenario, sha256


@scenario
def pointers_that_are_none(t):
    t.repository("*.bin", remote=False)
    good = pointer("x")
    texts = [good.replace("sha256:", "sha256:../../"), good.replace("sha256:", "md5:"),
             good.replace("size 1", "size -1"), good.replace("size 1", "size 99999999999999999999"),
             good.replace("size 1", "size 1 "), good.replace("size 1", "size 0x1"),
             good.upper(), good + "\0", good.replace("oid ", "oid\t"), "version \n" + good,
             good.replace("\nsize", "\nsize 1\nsize")]
    for text in texts:
        t("git lfs pointer --check --stdin", stdin=text)
        t("git lfs clean", stdin=text, only="^[^!]")
    t.only_ours("git lfs pointer --check --stdin", "= 1\n", "3.3.0 looks at 1024 bytes only",
                stdin=good + " " * 2000)


@scenario
def a_folder_that_became_a_link(t):
    """CVE-2025-26625: a checkout must not write through a link in the way."""
    t.repository("*.bin", {"d/a.bin": "content"}, push=True)
    t.clone()
    t.run("git lfs fetch")
    t.requests(forget=True)
    outside = t.folder("outside")
    (outside / "a.bin").write_text(pointer("content"))
    t.run("rm -r d")
    os.symlink(outside, t.at("d"))
    t.run("git lfs checkout")
    t.run("git lfs pull")
    t.requests(forget=True)
    expected = pointer("content")
    found = (outside / "a.bin").read_text() if t.is_ours else expected
    t.record("outside", found)
    t.repositories.clear()


@scenario
def a_file_that_became_a_link(t):
    t.repository("*.bin", {"a.bin": "content"}, push=True)
    t.clone()
    t.run("git lfs fetch")
    t.requests(forget=True)
    outside = t.folder("outside") / "target"
    outside.write_text(pointer("content"))
    t.at("a.bin").unlink()
    os.symlink(outside, t.at("a.bin"))
    t.run("git lfs checkout")
    t.record("outside", outside.read_text() if t.is_ours else pointer("content"))
    t.repositories.clear()


@scenario
def hard_links_are_broken_before_writing(t):
    t.repository("*.bin", {"a.bin": "content"}, push=True)
    t.clone()
    t.run("git lfs fetch")
    t.requests(forget=True)
    outside = t.folder("outside") / "linked"
    os.link(t.at("a.bin"), outside)
    t("git lfs checkout", only="^$")
    t.record("linked", outside.read_text() if t.is_ours else pointer("content"))


@scenario
def lfsconfig_cannot_run_programs(t):
    t.repository("*.bin", {"a.bin": "content"}, push=True)
    t.clone()
    t.write({".lfsconfig": "[lfs]\n\tstandalonetransferagent = evil\n[lfs \"customtransfer.evil\"]\n"
                           "\tpath = touch\n\targs = hit\n[lfs \"extension.evil\"]\n\tclean = touch hit\n"
                           "\tsmudge = touch hit\n[credential]\n\thelper = !touch hit\n[core]\n"
                           "\taskpass = touch\n\tsshCommand = touch hit\n[include]\n\tpath = ../evil\n"})
    (t.top / "evil").write_text("[lfs]\n\turl = http://127.0.0.1:9/\n")
    for words in ("fetch", "ls-files", "pull"):
        t.run(f"git lfs {words}")
    t("git lfs clean", stdin="x", only="^[^!]")
    t("find . -name hit")
    t.requests(forget=True)
    t.repositories.clear()  # 3.3.0 follows the include and finds no server


@scenario
def an_endpoint_of_lfsconfig_gets_no_credentials_of_another_host(t):
    t.repository("*.bin", {"a.bin": "content"})
    helper = t.top / "helper"
    helper.write_text(f"#!/bin/sh\ncat >> {t.top}/asked\n[ \"$1\" = get ] && echo quit=1\n")
    helper.chmod(0o755)
    t.git(["config", "--global", "credential.helper", str(helper)])
    t.git(["remote", "set-url", "origin", "https://alice:s3cret@trusted.example/repo.git"])
    t.write({".lfsconfig": f"[lfs]\n\turl = {t.url()}/info/lfs\n"})
    t("git lfs push origin main", only="^$")
    t.requests()


@scenario
def hrefs_of_other_schemes_are_refused(t):
    t.repository("*.bin", {"a.bin": "content"}, push=True)
    (t.top / "secret").write_text("content")
    oid = sha256(b"content")
    for href in (f"file://{t.top}/secret", "ftp://127.0.0.1:9/x", "javascript:alert(1)", "//127.0.0.1:9/x",
                 ""):
        t.clone(into="clone")
        t.server.fault({"kind": "batch"}, {"body": (
            '{"objects":[{"oid":"%s","size":7,"actions":{"download":{"href":"%s"}}}]}' % (oid, href))})
        t.git("config lfs.transfer.maxretries 1")
        result = t.run("git lfs fetch")
        t.record(f"fetch of {href}", f"{'=' if result.returncode == 2 else '!'} "
                 f"{t.object_path('content').exists()}\n")
        t.server.clear_faults()
        t.requests(forget=True)
        t.forget("clone")


@scenario
def batch_replies_that_lie(t):
    t.repository("*.bin", {"a.bin": "content"}, push=True)
    oid = sha256(b"content")
    for body in ("", "{", "[]", "null", '{"objects":null}', '{"objects":[{"oid":"../../x","size":7}]}',
                 '{"objects":[{"oid":"%s","size":-1}]}' % oid,
                 '{"objects":[{"oid":"%s","size":7,"error":{"code":404,"message":"gone"}}]}' % oid,
                 '{"objects":[],"hash_algo":"sha1"}'):
        t.clone(into="clone")
        t.git("config lfs.transfer.maxretries 1")
        t.server.fault({"kind": "batch", "count": 0}, {"body": body, "status": 200})
        # 3.3.0 waits for ever when its object is not in the reply (quirk 1).
        expected = "nothing stored\n"
        if t.is_ours:
            result = t.run("git lfs fetch")
            expected = "stored" if t.object_path("content").exists() else expected
            expected = expected if result.returncode == 2 else f"rc {result.returncode}: {body}\n"
        t.record(f"reply {body}", expected)
        t.server.clear_faults()
        t.requests(forget=True)
        t.forget("clone")


@scenario
def content_that_is_not_the_object(t):
    t.repository("*.bin", {"a.bin": "content" * 1000}, push=True)
    t.clone()
    t.git("config lfs.transfer.maxretries 1")
    t.server.fault({"kind": "download", "count": 0}, {"corrupt_at": 5})
    t("git lfs fetch", only="^$")
    t.record("stored", f"{t.object_path('content' * 1000).exists()}\n")
    t.requests(forget=True)
    t.repositories.clear()


@scenario
def lock_paths_of_a_server_that_lead_outside(t):
    t.repository()
    t.write({".gitattributes": "* lockable\n"})
    t.commit({"a.bin": "x"})
    outside = t.top / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    t.server.fault({"kind": "locks", "count": 0}, {"status": 200, "body": (
        '{"lock":{"id":"1","path":"../outside","locked_at":"2020-01-01T00:00:00Z"}}')})
    t.run("git lfs unlock --force --id 1")
    t.record("mode", f"{outside.stat().st_mode & 0o777:o}\n" if t.is_ours else "644\n")
    t.requests(forget=True)
    t.repositories.clear()


@scenario
def attributes_that_mean_harm(t):
    t.repository()
    deep = "/".join(["d"] * 60)
    t.write({".gitattributes": "[attr]lfs lfs\n[attr]a b\n[attr]b a\n* a\n" + "*" * 500 + " filter=lfs\n"
                               + "x" * 3000 + " filter=lfs\n" + "\0\xff filter=lfs\n",
             f"{deep}/.gitattributes": "** filter=lfs lockable\n", f"{deep}/file": "x"})
    t("git lfs track", only="^$")
    t("git lfs post-merge 0", only="^$")
    t("git lfs ls-files")


@scenario
def file_names_reach_no_shell(t):
    names = ["$(touch hit).bin", "`touch hit`.bin", "a;touch hit;.bin", "|touch hit.bin", "&.bin", "-rf.bin",
             "--help.bin", "%f.bin", "new\nline.bin", "\\.bin", "'.bin", "\".bin", "*.bin", "~.bin"]
    t.repository("*.bin", {name: f"content of {name}" for name in names}, push=True)
    t.requests(forget=True)
    t.clone()
    t("git lfs pull", only="^$")
    t.only_ours("git status --porcelain", "= 0\n", "quirk 27: 3.3.0 feeds git one name a line")
    t("git lfs ls-files -n")
    t.state()
    t("find .. -name hit")
    t.requests(forget=True)


if __name__ == "__main__":
    main()
