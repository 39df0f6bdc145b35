#!/usr/bin/env python3
"""The bundled server itself: what other tests rely on really happens on the wire, and Debian's
git-lfs, which knows nothing of it, can push, clone and lock with every behaviour."""
import hashlib
import http.client
import json
import shutil
import socket
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import MIB, MountTest, Server, content, main, sha256, wait_until

DATA = content(300_000, 7)
OID = sha256(DATA)


class Answer:
    """One exchange: the status, the headers, and the body as far as it came."""

    def __init__(self, response):
        self.status, self.headers, self.error = response.status, response.headers, None
        body = bytearray()
        try:
            while block := response.read1(65536):
                body += block
        except (http.client.HTTPException, OSError) as error:
            self.error = error
        length = self.headers.get("Content-Length")
        self.body = bytes(body)
        self.cut = self.error is not None or (length is not None and int(length) != len(body))


class ServerTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-test-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.server = Server(self.scratch / "server", *self.options)
        self.addCleanup(self.server.stop)
        self.server.put(DATA)

    def ask(self, method, url, body=None, headers=None, timeout=10):
        parts = urllib.parse.urlsplit(url if "://" in url else self.server.url + url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        self.addCleanup(connection.close)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, headers or {})
        return Answer(connection.getresponse())

    def get(self, byte_range=None, **more):
        headers = {"Range": f"bytes={byte_range}"} if byte_range else {}
        return self.ask("GET", f"/objects/{OID}", headers=headers, **more)

    def batch(self, operation="download", oid=OID, size=len(DATA), headers=None):
        call = {"operation": operation, "objects": [{"oid": oid, "size": size}]}
        return self.ask("POST", "/r.git/info/lfs/objects/batch", json.dumps(call), headers)

    def batch_object(self, *arguments, **named):
        return json.loads(self.batch(*arguments, **named).body)["objects"][0]

    def fault(self, kind, action, **match):
        self.server.fault({"kind": kind, **match}, action)


class TransferTest(ServerTest):
    def test_whole_and_ranged_downloads(self):
        whole = self.get()
        self.assertEqual((whole.status, whole.body), (200, DATA))
        part = self.get("1000-1999")
        self.assertEqual((part.status, part.body), (206, DATA[1000:2000]))
        self.assertEqual(part.headers["Content-Range"], f"bytes 1000-1999/{len(DATA)}")
        self.assertEqual(self.get("-10").body, DATA[-10:])
        beyond = self.get(f"{len(DATA)}-")
        self.assertEqual((beyond.status, beyond.headers["Content-Range"]),
                         (416, f"bytes */{len(DATA)}"))
        several = self.get("0-1,5-6")
        self.assertEqual((several.status, several.body), (200, DATA))

    def test_uploads_are_verified(self):
        fresh = content(50_000, 8)
        offered = self.batch_object("upload", sha256(fresh), len(fresh))
        href = offered["actions"]["upload"]["href"]
        self.assertEqual(self.ask("PUT", href, fresh[:-1] + b"!").status, 422)
        self.assertEqual(self.ask("PUT", href, fresh[:-1]).status, 422)
        self.assertFalse(self.server.object_path(sha256(fresh)).exists())
        self.assertEqual(self.ask("PUT", href, fresh).status, 200)
        self.assertEqual(self.server.object_path(sha256(fresh)).read_bytes(), fresh)
        self.assertNotIn("actions", self.batch_object("upload", sha256(fresh), len(fresh)))
        verify = json.dumps({"oid": sha256(fresh), "size": len(fresh)})
        self.assertEqual(self.ask("POST", "/r.git/info/lfs/verify", verify).status, 200)

    def test_a_chunked_upload_is_taken(self):
        fresh = content(50_000, 9)
        pieces = iter([fresh[:10], fresh[10:40_000], fresh[40_000:]])
        path = f"/objects/{sha256(fresh)}/{len(fresh)}"
        self.assertEqual(self.ask("PUT", path, pieces).status, 200)  # no length: chunked

    def test_a_missing_object_is_an_error_of_that_object(self):
        self.assertEqual(self.batch_object(oid="b" * 64)["error"]["code"], 404)
        self.assertEqual(self.batch_object(size=1)["error"]["code"], 404)

    def test_synthetic_objects_are_what_their_oid_says(self):
        made = self.server.admin("POST", "synthetic?size=5000001&seed=3")
        whole = self.ask("GET", f"/objects/{made['oid']}").body
        self.assertEqual((len(whole), hashlib.sha256(whole).hexdigest()), (5000001, made["oid"]))
        part = self.ask("GET", f"/objects/{made['oid']}", headers={"Range": "bytes=4000000-4100000"})
        self.assertEqual(part.body, whole[4000000:4100001])

    def test_latency_and_rate_are_as_ordered(self):
        self.server.config(latency_ms=60)
        start = time.monotonic()
        self.get("0-0")
        self.assertGreaterEqual(time.monotonic() - start, 0.06)
        self.server.config(latency_ms=0, rate_bytes_per_s=1_000_000)
        start = time.monotonic()
        self.assertEqual(self.get().body, DATA)
        self.assertGreaterEqual(time.monotonic() - start, 0.25)

    def test_what_is_served_is_counted(self):
        self.server.reset_stats()
        self.get("0-99")
        self.batch()
        stats = self.server.stats()
        self.assertEqual((stats["download_bytes"], stats["batch_calls"]), (100, 1))
        self.assertEqual(stats["requests"]["download"], 1)
        self.assertEqual(stats["statuses"]["download"], {"206": 1})
        self.assertEqual(stats["ranges"][0]["range"], "bytes=0-99")
        self.assertEqual([e["kind"] for e in self.server.admin("GET", "log")], ["download", "batch"])

    def test_offline_resets_every_connection_but_the_tests(self):
        self.server.config(offline=True)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.get()
        self.server.config(offline=False)
        self.assertEqual(self.get().status, 200)


class FaultOnTheWireTest(ServerTest):
    def test_statuses_with_headers(self):
        for status in (401, 403, 404, 410, 413, 429, 500, 502, 503, 507):
            self.fault("download", {"status": status, "headers": {"Retry-After": "7"}})
            answer = self.get()
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (status, "7"))
        self.assertEqual(self.get().status, 200)

    def test_truncation_reset_and_drop(self):
        self.fault("download", {"truncate_after": 5000})
        cut = self.get()
        self.assertEqual((cut.status, cut.body, cut.cut), (200, DATA[:5000], True))
        self.fault("download", {"reset_after": 5000})
        broken = self.get()
        self.assertTrue(broken.cut)
        self.assertEqual(broken.body, DATA[:len(broken.body)])
        self.fault("download", {"drop": True})
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.get()
        self.assertEqual(self.get().body, DATA)

    def test_a_stall_stops_the_body_where_it_was_told_to(self):
        self.fault("download", {"stall_after": 1000, "stall_ms": 60_000})
        stalled = self.get(timeout=0.3)
        self.assertEqual(stalled.body, DATA[:1000])
        self.assertIsInstance(stalled.error, socket.timeout)
        self.fault("download", {"stall_after": 1000, "stall_ms": 100})
        start = time.monotonic()
        self.assertEqual(self.get().body, DATA)
        self.assertGreaterEqual(time.monotonic() - start, 0.1)

    def test_corruption_flips_one_byte_of_the_object_in_any_range(self):
        self.fault("download", {"corrupt_at": 1500}, count=3)
        for byte_range, start in ((None, 0), ("1400-1600", 1400)):
            body = self.get(byte_range).body
            good = DATA[start:start + len(body)]
            self.assertEqual([start + i for i in range(len(body)) if body[i] != good[i]], [1500])
        self.assertEqual(self.get("2000-2999").body, DATA[2000:3000])

    def test_ranges_that_are_ignored_or_wrong(self):
        self.fault("download", {"ignore_range": True})
        whole = self.get("100-199")
        self.assertEqual((whole.status, whole.body), (200, DATA))
        self.fault("download", {"wrong_range": True})
        shifted = self.get("10000-19999")
        self.assertEqual(shifted.status, 206)
        start = int(shifted.headers["Content-Range"].split()[1].split("-")[0])
        self.assertNotEqual(start, 10000)
        self.assertEqual(shifted.body, DATA[start:start + 10000])
        self.fault("download", {"wrong_range": "missing"})
        self.assertNotIn("Content-Range", self.get("10-19").headers)
        self.fault("download", {"wrong_range": "total"})
        self.assertTrue(self.get("10-19").headers["Content-Range"].endswith(f"/{len(DATA) + 1}"))

    def test_redirects_lead_to_the_object_on_either_origin_or_nowhere(self):
        for where in ("same", "cross"):
            self.fault("download", {"redirect": where})
            moved = self.get()
            self.assertEqual(moved.status, 307)
            location = moved.headers["Location"]
            self.assertEqual(location.startswith(self.server.url), where == "same")
            self.assertEqual(self.ask("GET", location).body, DATA)
        self.fault("download", {"redirect": "loop", "status": 302})
        looped = self.get()
        self.assertEqual((looped.status, looped.headers["Location"]),
                         (302, f"{self.server.url}/objects/{OID}"))

    def test_expired_actions_are_refused_by_storage(self):
        self.fault("batch", {"expired_action": True})
        told = self.batch_object()["actions"]["download"]
        self.assertLess(told["expires_in"], 0)
        self.assertEqual(self.ask("GET", told["href"]).status, 403)
        self.fault("batch", {"expired_action": "silent"})
        silent = self.batch_object()["actions"]["download"]
        self.assertNotIn("expires_in", silent)
        self.assertEqual(self.ask("GET", silent["href"]).status, 403)
        fresh = self.batch_object()["actions"]["download"]
        self.assertEqual(self.ask("GET", fresh["href"]).status, 200)

    def spoiled(self, how):
        self.fault("batch", {"json": how})
        return self.batch()

    def test_spoiled_batch_replies(self):
        with self.assertRaises(json.JSONDecodeError):
            json.loads(self.spoiled("malformed").body)
        self.assertEqual(self.spoiled("not-json").headers["Content-Type"], "text/html")
        self.assertIn(b"[" * 100_000, self.spoiled("deep").body)
        self.assertGreater(len(self.spoiled("huge").body), 200 * MIB)
        self.assertEqual(json.loads(self.spoiled("wrong-hash-algo").body)["hash_algo"], "sha512")
        self.assertEqual(json.loads(self.spoiled("missing-objects").body)["objects"], [])
        self.assertNotEqual(json.loads(self.spoiled("unknown-oid").body)["objects"][0]["oid"], OID)
        self.assertNotIn("actions", json.loads(self.spoiled("no-actions").body)["objects"][0])
        failed = json.loads(self.spoiled("error-object:410").body)["objects"][0]
        self.assertEqual(failed["error"]["code"], 410)

    def test_a_fault_that_is_misspelt_is_refused(self):
        with self.assertRaises(OSError):
            self.fault("download", {"trunctate_after": 5})


class LockTest(ServerTest):
    options = ("--user", "ann:1", "--user", "bob:2")
    ann = {"Authorization": "Basic YW5uOjE="}
    bob = {"Authorization": "Basic Ym9iOjI="}

    def call(self, path, body, user):
        answer = self.ask("POST", f"/r.git/info/lfs/locks{path}", json.dumps(body), user)
        return answer.status, json.loads(answer.body)

    def test_locks_belong_to_who_made_them(self):
        status, made = self.call("", {"path": "a"}, self.ann)
        self.assertEqual((status, made["lock"]["owner"]["name"]), (201, "ann"))
        self.assertEqual(self.call("", {"path": "a"}, self.bob)[0], 409)
        self.assertEqual(len(self.call("/verify", {}, self.ann)[1]["ours"]), 1)
        self.assertEqual(len(self.call("/verify", {}, self.bob)[1]["theirs"]), 1)
        unlock = f"/{made['lock']['id']}/unlock"
        self.assertEqual(self.call(unlock, {}, self.bob)[0], 403)
        self.assertEqual(self.call(unlock, {"force": True}, self.bob)[0], 200)
        self.assertEqual(self.call(unlock, {}, self.ann)[0], 404)

    def test_lists_come_in_pages(self):
        for name in "abcde":
            self.call("", {"path": name}, self.ann)
        seen, cursor = [], ""
        while cursor is not None:
            url = f"/r.git/info/lfs/locks?limit=2&cursor={cursor}"
            page = json.loads(self.ask("GET", url, headers=self.ann).body)
            self.assertLessEqual(len(page["locks"]), 2)
            seen += [lock["path"] for lock in page["locks"]]
            cursor = page.get("next_cursor")
        self.assertEqual(seen, list("abcde"))

    def test_strangers_are_asked_who_they_are(self):
        answer = self.batch()
        self.assertEqual(answer.status, 401)
        self.assertIn("Basic", answer.headers["WWW-Authenticate"])
        self.assertEqual(self.batch(headers=self.bob).status, 200)


class AzureTest(ServerTest):
    options = ("--behave", "azure")

    def test_signed_urls_and_their_headers_are_demanded(self):
        action = self.batch_object()["actions"]["download"]
        self.assertFalse(action["href"].startswith(self.server.url))
        self.assertEqual(self.ask("GET", action["href"]).status, 400)
        self.assertEqual(self.ask("GET", action["href"], headers=action["header"]).body, DATA)
        bare = action["href"].split("?")[0]
        self.assertEqual(self.ask("GET", bare, headers=action["header"]).status, 403)
        forged = action["href"][:-1] + ("0" if action["href"][-1] != "0" else "1")
        self.assertEqual(self.ask("GET", forged, headers=action["header"]).status, 403)


class ThreadsTest(ServerTest):
    def test_a_slow_connection_holds_up_no_other(self):
        self.fault("download", {"stall_after": 10, "stall_ms": 60_000})
        slow = threading.Thread(target=self.get, kwargs={"timeout": 2})
        slow.start()
        wait_until(lambda: self.server.admin("GET", "faults")[0]["used"] == 1, "the slow request")
        self.assertEqual(self.get(timeout=1.5).body, DATA)
        slow.join()


class UpstreamTest(MountTest):
    """Debian's git-lfs pushes, clones and locks; no mount is made."""

    def play(self, *options, credentials=""):
        self.server.stop()
        name = "-".join(options).replace(":", "")
        self.server = Server(self.scratch / f"server{name}", *options)
        self.addCleanup(self.server.stop)
        if "--tls" in options:
            ca = self.server.folder / "ca.pem"
            (self.home / "gitconfig").write_text(f"[http]\n\tsslCAInfo = {ca}\n")
        files = {"a.bin": content(MIB, 1), "d/b.bin": content(10, 2)}
        url = self.server.url.replace("://", f"://{credentials}") + "/org/repo.git"
        work = self.repository(files, name=f"work{name}", url=url)
        self.git(work, "lfs", "lock", "a.bin")
        self.assertIn("a.bin", self.git(work, "lfs", "locks").stdout)
        self.git(work, "lfs", "unlock", "a.bin")
        clone = self.scratch / f"clone{name}"
        self.command("git", "-c", "filter.lfs.process=git-lfs filter-process", "-c",
                     "filter.lfs.required=true", "clone", "-q", url, clone, upstream=True)
        for path, data in files.items():
            self.assertEqual((clone / path).read_bytes(), data)

    def test_plain(self):
        self.play()

    def test_tls_and_authentication(self):
        self.play("--tls", "--user", "alice:s3cret", credentials="alice:s3cret@")

    def test_every_behaviour(self):
        for name in ("github", "gitlab", "gitea", "huggingface", "azure"):
            with self.subTest(name):
                self.play("--behave", name)

    def test_filtered_clones_leave_blobs_behind(self):
        self.repository({"big.txt": b"x" * 5000, "a.bin": b"1"})
        bare = self.scratch / "bare"
        self.command("git", "clone", "-q", "--bare", "--filter=blob:none",
                     self.server.repository_url("repo"), bare, upstream=True)
        missing = self.command("git", "-C", bare, "rev-list", "--objects", "--missing=print", "HEAD",
                               upstream=True).stdout
        self.assertIn("?", missing)


if __name__ == "__main__":
    main()
