#!/usr/bin/env python3
"""Runs the tests of a build folder and ends with the line "N passed, N failed, N skipped".

    scripts/run_ctest.py <build folder> [ctest options]

A GoogleTest case counts as one; so does each case inside a Python test file, whose own summary is
read. Exits with 1 when anything failed or nothing ran.
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

OUTPUT_BYTES = 1 << 20  # ctest cuts output in the report; summaries stand at its end
TAIL_LINES = 60

RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
SUMMARY = re.compile(r"^(?:OK|FAILED) \(([^)]*)\)\s*$", re.M)


def unittest_counts(output):
    """(passed, failed, skipped) of a Python test file, or None when it has no summary."""
    ran = RAN.findall(output)
    if not ran:
        return None
    summary = SUMMARY.findall(output)
    told = dict(re.findall(r"([a-z ]+)=(\d+)", summary[-1])) if summary else {}
    told = {name.strip(): int(value) for name, value in told.items()}
    failed = told.get("failures", 0) + told.get("errors", 0) + told.get("unexpected successes", 0)
    skipped = told.get("skipped", 0)
    return max(int(ran[-1]) - failed - skipped, 0), failed, skipped


def counts_of(case):
    output = case.findtext("system-out") or ""
    status = case.get("status")
    counted = unittest_counts(output)
    if status == "fail":
        return counted if counted and counted[1] else (0, 1, 0)
    if status == "disabled":
        return 0, 0, 0  # a part of another test, which starts it by itself
    if status == "notrun":
        # A test whose program was not built is no pass.
        return (0, 0, 1) if case.find("skipped") is not None else (0, 1, 0)
    return counted or (1, 0, 0)


def main():
    build = Path(sys.argv[1]).resolve()
    report = build / "ctest.xml"
    report.unlink(missing_ok=True)
    jobs = os.environ.get("LAZYLFS_TEST_JOBS", str(os.cpu_count() or 2))
    subprocess.run(
        ["ctest", "--test-dir", build, "-j", jobs, "--output-junit", report,
         "--test-output-size-passed", str(OUTPUT_BYTES),
         "--test-output-size-failed", str(OUTPUT_BYTES), "--progress", *sys.argv[2:]],
        stdin=subprocess.DEVNULL, check=False)
    if not report.exists():
        print("ctest wrote no report")
        print("0 passed, 1 failed, 0 skipped")
        return 1
    total = [0, 0, 0]
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        counts = counts_of(case)
        total = [a + b for a, b in zip(total, counts)]
        if counts[1]:
            lines = (case.findtext("system-out") or "").splitlines()[-TAIL_LINES:]
            print(f"\n--- {case.get('name')} failed:", *lines, sep="\n")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 0 if total[0] and not total[1] else 1


if __name__ == "__main__":
    sys.exit(main())
