#!/usr/bin/env python3
"""A small git-lfs-transfer: version 1 of the SSH protocol over a folder, for tests.

  git_lfs_transfer.py FOLDER download|upload

With DEAF set, it stops reading where an object begins.
"""
import hashlib
import json
import os
import sys
import time
from pathlib import Path

IN, OUT = sys.stdin.buffer, sys.stdout.buffer
FLUSH, DELIMITER = object(), object()


def read_packet():
    head = IN.read(4)
    if len(head) < 4:
        sys.exit(0)
    length = int(head, 16)
    if length < 4:
        return DELIMITER if length == 1 else FLUSH
    packet = IN.read(length - 4)
    if packet.startswith(b"put-object") and os.environ.get("DEAF"):
        time.sleep(60)
    return packet


def send(text):
    data = text if isinstance(text, bytes) else (text + "\n").encode()
    OUT.write(b"%04x" % (len(data) + 4) + data)


def flush():
    OUT.write(b"0000")
    OUT.flush()


def delimiter():
    OUT.write(b"0001")


def read_request():
    """The command, its arguments, and what follows the delimiter as packets."""
    parts, rest, delimited = [], [], False
    while True:
        packet = read_packet()
        if packet is FLUSH:
            break
        if packet is DELIMITER:
            delimited = True
        elif delimited:
            rest.append(packet)
        else:
            parts.append(packet.decode().rstrip("\n"))
    return parts[0], dict(p.split("=", 1) for p in parts[1:]), rest


def reply(status, arguments=(), lines=None):
    send(f"status {status}")
    for argument in arguments:
        send(argument)
    if lines is not None:
        delimiter()
        for line in lines:
            send(line)
    flush()


class Server:
    def __init__(self, folder, operation):
        self.folder, self.operation = Path(folder), operation

    def path(self, oid):
        return self.folder / "lfs/objects" / oid[:2] / oid[2:4] / oid

    def batch(self, _, rest):
        lines = []
        for packet in rest:
            oid, size = packet.decode().split()
            there = self.path(oid).exists()
            wanted = "noop" if there == (self.operation == "upload") else self.operation
            lines.append(f"{oid} {size} {wanted} id=i-{oid[:4]} token=t")
        reply(200, lines=lines)

    def get(self, oid, arguments):
        if arguments.get("token") != "t" or not self.path(oid).exists():
            reply(404, lines=["not found"])
            return
        data = self.path(oid).read_bytes()
        send("status 200")
        send(f"size={len(data)}")
        delimiter()
        for at in range(0, len(data), 65000):
            send(data[at:at + 65000])
        flush()

    def put(self, oid, rest):
        data = b"".join(rest)
        if hashlib.sha256(data).hexdigest() != oid:
            reply(400, lines=["wrong content"])
            return
        path = self.path(oid)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        reply(200)

    # Locks, in one file.

    def locks(self):
        path = self.folder / "locks.json"
        return json.loads(path.read_text()) if path.exists() else []

    def save(self, locks):
        (self.folder / "locks.json").write_text(json.dumps(locks))

    @staticmethod
    def describe(lock):
        return [f"id={lock['id']}", f"path={lock['path']}", f"locked-at={lock['at']}",
                f"ownername={lock['owner']}"]

    def lock(self, arguments):
        locks = self.locks()
        for lock in locks:
            if lock["path"] == arguments["path"]:
                reply(409, self.describe(lock), ["already locked"])
                return
        lock = {"id": str(len(locks) + 1), "path": arguments["path"], "owner": "tester",
                "at": "2026-01-02T03:04:05Z"}
        self.save([*locks, lock])
        reply(201, self.describe(lock))

    def list_locks(self, arguments):
        lines = []
        for lock in self.locks():
            if arguments.get("path", lock["path"]) != lock["path"]:
                continue
            if arguments.get("id", lock["id"]) != lock["id"]:
                continue
            number = lock["id"]
            lines += [f"lock {number}", f"path {number} {lock['path']}",
                      f"locked-at {number} {lock['at']}", f"ownername {number} {lock['owner']}",
                      f"owner {number} ours"]
        reply(200, lines=lines)

    def unlock(self, number):
        for lock in self.locks():
            if lock["id"] == number:
                self.save([other for other in self.locks() if other["id"] != number])
                reply(200, self.describe(lock))
                return
        reply(404, lines=["no such lock"])

    def run(self):
        send("version=1")
        send("locking")
        flush()
        while True:
            command, arguments, rest = read_request()
            verb, _, operand = command.partition(" ")
            if os.environ.get("TRANSFER_LOG"):
                with open(os.environ["TRANSFER_LOG"], "a") as log:
                    log.write(f"{verb}\n")
            if verb == "version":
                reply(200)
            elif verb == "batch":
                self.batch(arguments, rest)
            elif verb == "get-object":
                self.get(operand, arguments)
            elif verb == "put-object":
                self.put(operand, rest)
            elif verb == "verify-object":
                reply(200 if self.path(operand).exists() else 404)
            elif verb == "lock":
                self.lock(arguments)
            elif verb == "list-lock":
                self.list_locks(arguments)
            elif verb == "unlock":
                self.unlock(operand)
            elif verb == "quit":
                reply(200)
                return
            else:
                reply(400, lines=["unknown command"])


Server(sys.argv[1], sys.argv[2]).run()
