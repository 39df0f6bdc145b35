#!/usr/bin/env python3
"""Every fault that the server can play, as a reader of the mount sees it: the right bytes after a
retry, or an honest errno before the deadline; never wrong bytes, never a hang."""
import errno
import json

from harness import MIB, MountTest, content, main, read, sha256, wait_until

DATA = content(3 * MIB + 777, 21)
DOWNLOAD = {"kind": "download"}
BATCH = {"kind": "batch"}


class FaultTest(MountTest):
    """One mount with a short deadline; each test breaks the server in one way."""

    def setUp(self):
        super().setUp()
        self.repository({"a.bin": DATA, "b.bin": content(200_000, 22)})
        self.mounted = self.mount(self.clone(), "--read-deadline", "6s")

    def assert_reads(self):
        self.assert_content(self.mounted, "a.bin", DATA)

    def assert_fails(self, *expected, deadline_s=30):
        answer = self.mounted.read("a.bin", deadline_s=deadline_s)
        names = [errno.errorcode.get(e) for e in expected]
        self.assertIn(answer["errno"], expected, f"{answer}, wanted {names}")

    def assert_recovers(self):
        """Also after a mismatch, which a mount without OPEN requests remembers for two seconds."""
        self.server.clear_faults()
        wait_until(lambda: self.mounted.read("a.bin")["errno"] != errno.EBADMSG, "a fresh read", 10)
        self.assert_reads()

    def once(self, match, action, count=1):
        self.server.fault({**match, "count": count}, action)

    # Faults that a retry overcomes.

    def test_slow_answers_are_waited_for(self):
        self.once(DOWNLOAD, {"delay_ms": 700}, 3)
        self.assert_reads()

    def test_a_server_error_is_retried(self):
        for status in (500, 502, 503):
            with self.subTest(status=status):
                self.once(DOWNLOAD, {"status": status}, 2)
                self.once(BATCH, {"status": status}, 1)
        self.assert_reads()

    def test_retry_after_of_a_rate_limit_is_honoured(self):
        self.once(BATCH, {"status": 429, "headers": {"Retry-After": "1"}})
        self.once(DOWNLOAD, {"status": 429, "headers": {"Retry-After": "1"}})
        self.assert_reads()

    def test_a_cut_body_is_resumed(self):
        self.once(DOWNLOAD, {"truncate_after": 100_000}, 2)
        self.assert_reads()

    def test_a_reset_connection_is_resumed(self):
        self.once(DOWNLOAD, {"reset_after": 70_000}, 2)
        self.assert_reads()

    def test_a_stalled_body_is_given_up_for_a_new_connection(self):
        self.once(DOWNLOAD, {"stall_after": 50_000, "stall_ms": 60_000})
        self.assert_reads()

    def test_a_server_without_ranges_is_read_once(self):
        self.once(DOWNLOAD, {"ignore_range": True}, 1000)
        tail = DATA[2 * MIB:2 * MIB + 4096]
        self.assert_content(self.mounted, "a.bin", tail, offset=2 * MIB, length=4096)
        self.assert_reads()
        self.assertLessEqual(self.server.stats()["download_bytes"], len(DATA) + 200_000 + 65536)

    def test_a_wrong_range_is_never_believed(self):
        self.once(DOWNLOAD, {"wrong_range": True}, 2)
        answer = self.mounted.read("a.bin")
        if answer["errno"] == 0:
            self.assertEqual(answer["sha256"], sha256(DATA))
        self.assert_recovers()

    def test_an_expired_action_is_renewed(self):
        self.once(BATCH, {"expired_action": True})
        self.assert_reads()

    def test_redirects_within_and_across_hosts_are_followed(self):
        self.once(DOWNLOAD, {"redirect": "same"}, 1)
        self.assert_reads()

    def test_the_batch_call_is_split_when_it_is_too_large(self):
        self.once(BATCH, {"status": 413})
        self.assert_reads()

    # Faults that last: an honest errno, and everything well when the fault ends.

    def test_refused_credentials_are_eacces(self):
        self.once(BATCH, {"status": 403}, 1000)
        self.assert_fails(errno.EACCES)
        self.assert_recovers()

    def test_storage_that_forbids_is_eacces(self):
        self.once(DOWNLOAD, {"status": 403}, 1000)
        self.assert_fails(errno.EACCES)
        self.assert_recovers()

    def test_unanswered_credentials_are_eacces(self):
        self.once(BATCH, {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=x"}}, 1000)
        self.assert_fails(errno.EACCES)
        self.assert_recovers()

    def test_a_missing_object_is_enodata(self):
        self.once(BATCH, {"json": "error-object:404"}, 1000)
        self.assert_fails(errno.ENODATA)
        self.assert_recovers()

    def test_storage_without_the_object_is_enodata(self):
        for status in (404, 410):
            with self.subTest(status=status):
                self.once(DOWNLOAD, {"status": status}, 1000)
                self.assert_fails(errno.ENODATA)
                self.server.clear_faults()
        self.assert_reads()

    def test_an_object_that_the_reply_forgets_is_an_error_not_a_hang(self):
        self.once(BATCH, {"json": "missing-objects"}, 1000)
        self.assert_fails(errno.ENODATA, errno.EIO)
        self.assert_recovers()

    def test_a_server_that_stays_broken_is_etimedout(self):
        self.once(DOWNLOAD, {"status": 503}, 1000)
        self.assert_fails(errno.ETIMEDOUT)
        self.assert_recovers()

    def test_a_full_server_is_an_error(self):
        self.once(DOWNLOAD, {"status": 507}, 1000)
        self.assert_fails(errno.EIO, errno.ETIMEDOUT)
        self.assert_recovers()

    def test_a_body_that_never_comes_is_etimedout(self):
        self.once(DOWNLOAD, {"stall_after": 0, "stall_ms": 60_000}, 1000)
        self.assert_fails(errno.ETIMEDOUT)
        self.assert_recovers()

    def test_corrupt_bytes_are_ebadmsg_and_the_next_read_is_afresh(self):
        self.once(DOWNLOAD, {"corrupt_at": 1000}, 1)
        self.assert_fails(errno.EBADMSG)
        self.assert_recovers()

    def test_hostile_json_is_an_error(self):
        for kind in ("huge", "malformed", "deep", "not-json", "wrong-hash-algo"):
            with self.subTest(kind=kind):
                self.once(BATCH, {"json": kind}, 1000)
                self.assert_fails(errno.EIO, errno.ETIMEDOUT, errno.EBADMSG)
                self.server.clear_faults()
        self.assert_reads()

    def test_a_redirect_loop_ends(self):
        self.once(DOWNLOAD, {"redirect": "loop"}, 1000)
        self.assert_fails(errno.EIO, errno.ETIMEDOUT, errno.EBADMSG, errno.EINVAL)
        self.assert_recovers()

    def test_a_dead_server_is_an_error_and_the_cached_part_still_reads(self):
        self.mounted.read("b.bin")
        self.server.stop()
        self.assert_fails(errno.EHOSTUNREACH, errno.ETIMEDOUT)
        self.assert_content(self.mounted, "b.bin", content(200_000, 22))

    # What a person learns.

    def test_why_tells_the_last_failure_without_secrets(self):
        self.once(BATCH, {"status": 403}, 1000)
        self.assert_fails(errno.EACCES)
        story = self.ours("why", self.mounted.point / "a.bin").stdout
        self.assertIn("403", story)
        as_json = json.loads(self.ours("why", "--json", self.mounted.point / "a.bin").stdout)
        self.assertEqual(as_json["last_error"]["status"], 403)
        self.assertNotIn("Authorization", story)
        self.assertIsNotNone(self.mounted.xattr("user.lfs.last_error", "a.bin"))


class OfflineTest(MountTest):
    def test_offline_reads_what_is_cached_and_refuses_the_rest(self):
        self.repository({"a.bin": DATA, "b.bin": content(5000, 3)})
        clone = self.clone()
        online = self.mount(clone)
        self.assert_content(online, "b.bin", content(5000, 3))
        online.unmount()
        mounted = self.mount(clone, "--offline")
        self.assert_content(mounted, "b.bin", content(5000, 3))
        self.assertEqual(read(mounted.point / "a.bin")["errno"], errno.EHOSTUNREACH)


if __name__ == "__main__":
    main()
