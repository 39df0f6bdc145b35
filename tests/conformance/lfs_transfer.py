#!/usr/bin/env python3
"""A server of the git-lfs-transfer protocol on its standard input and output, for tests.

Usage: lfs_transfer.py FOLDER OPERATION. Objects and locks are files in FOLDER."""
import hashlib
import json
import sys
import time
from pathlib import Path

FLUSH, DELIM = object(), object()


class Wire:
    def __init__(self):
        self.input, self.output = sys.stdin.buffer, sys.stdout.buffer

    def read(self):
        head = self.input.read(4)
        if len(head) < 4:
            sys.exit(0)
        length = int(head, 16)
        if length == 0:
            return FLUSH
        if length == 1:
            return DELIM
        return self.input.read(length - 4)

    def request(self):
        """A command, its arguments, and the packets after a delimiter."""
        command, arguments, data, in_data = None, [], [], False
        while (packet := self.read()) is not FLUSH:
            if packet is DELIM:
                in_data = True
            elif in_data:
                data.append(packet)
            elif command is None:
                command = packet.decode().rstrip("\n")
            else:
                arguments.append(packet.decode().rstrip("\n"))
        return command or "", dict(a.partition("=")[::2] for a in arguments), data

    def packet(self, data):
        data = data if isinstance(data, bytes) else (data + "\n").encode()
        self.output.write(b"%04x" % (len(data) + 4) + data)

    def answer(self, status, arguments=(), lines=None, data=None):
        self.packet(f"status {status}")
        for argument in arguments:
            self.packet(argument)
        if lines is not None or data is not None:
            self.output.write(b"0001")
        for line in lines or ():
            self.packet(line)
        for at in range(0, len(data or b""), 32768):
            self.packet(data[at:at + 32768])
        self.output.write(b"0000")
        self.output.flush()


class Server:
    def __init__(self, folder, operation):
        self.folder, self.operation, self.wire = Path(folder), operation, Wire()
        (self.folder / "objects").mkdir(parents=True, exist_ok=True)
        self.lock_file = self.folder / "locks.json"

    def run(self):
        for capability in ("version=1", "locking"):
            self.wire.packet(capability)
        self.wire.output.write(b"0000")
        self.wire.output.flush()
        while True:
            command, arguments, data = self.wire.request()
            verb, _, rest = command.partition(" ")
            log = self.folder / "commands"
            with log.open("a") as out:
                out.write(json.dumps([command, arguments]) + "\n")
            if verb == "quit":
                self.wire.answer(200)
                return
            handler = getattr(self, "do_" + verb.replace("-", "_"), None)
            if handler is None:
                self.wire.answer(405, lines=["unknown command"])
            else:
                handler(rest, arguments, data)

    def path(self, oid):
        return self.folder / "objects" / oid

    def do_version(self, version, arguments, data):
        self.wire.answer(200 if version == "1" else 400, lines=[] if version == "1" else ["no"])

    def do_batch(self, _, arguments, data):
        lines = []
        for line in data:
            oid, size = line.decode().split()[:2]
            here = self.path(oid).exists()
            if self.operation == "upload":
                action = "noop" if here else "upload"
            else:
                action = "download" if here else "noop"
            lines.append(f"{oid} {size} {action}")
        self.wire.answer(200, lines=lines)

    def do_get_object(self, oid, arguments, data):
        if not self.path(oid).exists():
            self.wire.answer(404, lines=["not found"])
            return
        content = self.path(oid).read_bytes()
        self.wire.answer(200, [f"size={len(content)}"], data=content)

    def do_put_object(self, oid, arguments, data):
        content = b"".join(data)
        if hashlib.sha256(content).hexdigest() != oid:
            self.wire.answer(400, lines=["corrupt"])
            return
        self.path(oid).write_bytes(content)
        self.wire.answer(200)

    def do_verify_object(self, oid, arguments, data):
        size = self.path(oid).stat().st_size if self.path(oid).exists() else -1
        if str(size) == arguments.get("size"):
            self.wire.answer(200)
        else:
            self.wire.answer(409, lines=["not here"])

    # Locks.

    def locks(self):
        return json.loads(self.lock_file.read_text()) if self.lock_file.exists() else []

    @staticmethod
    def described(lock):
        return [f"id={lock['id']}", f"path={lock['path']}", f"locked-at={lock['at']}",
                f"ownername={lock['owner']}"]

    def do_lock(self, _, arguments, data):
        locks = self.locks()
        for lock in locks:
            if lock["path"] == arguments["path"]:
                self.wire.answer(409, self.described(lock), lines=["conflict"])
                return
        lock = {"id": str(len(locks) + 1), "path": arguments["path"], "owner": "someone",
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.lock_file.write_text(json.dumps(locks + [lock]))
        self.wire.answer(201, self.described(lock))

    def do_list_lock(self, _, arguments, data):
        lines = []
        for lock in self.locks():
            if arguments.get("path", lock["path"]) != lock["path"]:
                continue
            if arguments.get("id", lock["id"]) != lock["id"]:
                continue
            lines += [f"lock {lock['id']}", f"path {lock['id']} {lock['path']}",
                      f"locked-at {lock['id']} {lock['at']}", f"ownername {lock['id']} {lock['owner']}"]
            if self.operation == "upload":
                lines.append(f"owner {lock['id']} ours")
        self.wire.answer(200, lines=lines)

    def do_unlock(self, lock_id, arguments, data):
        locks = self.locks()
        for lock in locks:
            if lock["id"] == lock_id:
                locks.remove(lock)
                self.lock_file.write_text(json.dumps(locks))
                self.wire.answer(200, self.described(lock))
                return
        self.wire.answer(404, lines=["no such lock"])


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2]).run()
