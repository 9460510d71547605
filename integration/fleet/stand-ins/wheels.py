"""Makes wheels of the Python packages that Debian has installed here: the same files, packed
as pip takes them, so that pip has something to install where no index answers. What each needs
Debian says in its own database, and no longer in the package."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

ROOT = "/usr/lib/python3/dist-packages/"


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def files_of(package):
    listed = said("dpkg", "-L", package).splitlines()
    return [it for it in listed if it.startswith(ROOT) and os.path.isfile(it)]


def make(about, files, needed, folder):
    found = PathDistribution(Path(about))
    name, version = found.metadata["Name"], found.version
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    texts = {
        "METADATA": metadata + "".join(f"Requires-Dist: {it}\n" for it in needed),
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": found.read_text("entry_points.txt") or "",
    }
    contents = {it[len(ROOT):]: Path(it).read_bytes() for it in files if not it.startswith(about)}
    contents |= {f"{stem}.dist-info/{it}": text.encode() for it, text in texts.items() if text}
    record = ""
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
        record += f'"{path}",sha256={digest},{len(text)}\n'
    contents[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    with zipfile.ZipFile(f"{folder}/{stem}-py3-none-any.whl", "w") as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)


def main(folder):
    os.makedirs(folder)
    packages = {}
    for package in said("dpkg-query", "-W", "-f", "${Package}\n").split():
        files = files_of(package)
        parents = {os.path.dirname(it) for it in files}
        abouts = [it for it in parents if it.endswith((".egg-info", ".dist-info"))]
        if len(abouts) == 1:
            packages[package] = (abouts[0], files)
    for package, (about, files) in packages.items():
        depends = said("dpkg-query", "-W", "-f", "${Depends}", package)
        names = {it.strip().split(" ")[0].split(":")[0] for it in re.split("[,|]", depends)}
        needed = [PathDistribution(Path(packages[it][0])).metadata["Name"]
                  for it in sorted(names & packages.keys())]
        make(about, files, needed, folder)


main(sys.argv[1])
