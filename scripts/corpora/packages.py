"""Debian packages: downloaded with apt-get, or from a folder; read with dpkg-deb, without installing them."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile

from . import Failure


class Package:
    """A downloaded package. `version` and `sha256` identify it; `contents` reads it."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        try:
            with open(path, "rb") as file:
                digest = hashlib.sha256()
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise Failure(f"cannot read {path}: {error.strerror}", Failure.NOT_FOUND)
        self.sha256 = digest.hexdigest()
        self.size = os.path.getsize(path)
        self.version = self._dpkg_deb("--field", "Version").decode().strip()

    def _dpkg_deb(self, action, *arguments):
        run = subprocess.run(["dpkg-deb", action, self.path, *arguments], stdin=subprocess.DEVNULL, capture_output=True)
        if run.returncode:
            raise self._damaged(run.stderr.decode(errors="replace"))
        return run.stdout

    def _damaged(self, reason):
        lines = [line for line in reason.splitlines() if line.strip()]
        return Failure(f"{self.path} cannot be read: {lines[-1] if lines else 'it is damaged'}; download it again",
                       Failure.INVALID_DATA)

    def contents(self, folder):
        """The files under `folder`, such as usr/share/openclipart/png/, in the package's order: their paths in it, and
        their bytes. A link has its target's path instead, relative to `folder`."""
        process = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", self.path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        prefix = "./" + folder
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for member in archive:
                    path = member.name if member.name.startswith("./") else "./" + member.name
                    if not path.startswith(prefix):
                        continue
                    if member.isfile():
                        yield path[len(prefix):], archive.extractfile(member).read()
                    elif member.issym():
                        target = os.path.normpath(os.path.join(os.path.dirname(path), member.linkname))
                        yield path[len(prefix):], ("./" + target).removeprefix(prefix)
            # Padding after the archive's end; unread, it would make dpkg-deb fail.
            while process.stdout.read(1 << 20):
                pass
            if process.wait():
                raise self._damaged("")
        except (tarfile.TarError, EOFError) as error:
            raise self._damaged(str(error))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def file(self, path):
        """The bytes of one file."""
        for name, data in self.contents(path):
            if not name:
                return data
        raise Failure(f"{self.name} {self.version} has no file /{path}; is it of another release?", Failure.INVALID_DATA)

    def copyright(self):
        return self.file(f"usr/share/doc/{self.name}/copyright")


def from_folder(expected, folder):
    """The packages of the manifest's entries `expected`, each from a file `NAME_….deb` in `folder`, by name."""
    require("dpkg-deb", "dpkg")
    try:
        files = sorted(os.listdir(folder))
    except OSError as error:
        raise Failure(f"cannot read the folder {folder}: {error.strerror}", Failure.NOT_FOUND)
    packages = {}
    for entry in expected:
        name = entry["package"]
        found = [Package(name, os.path.join(folder, file)) for file in files
                 if file.startswith(name + "_") and file.endswith(".deb")]
        if not found:
            raise Failure(f"{folder} has no {name}_….deb; run `apt-get download {name}` there", Failure.NOT_FOUND)
        found = [package for package in found if package.sha256 == entry["sha256"]] or found
        if len(found) > 1:
            raise Failure(f"{folder} has several versions of {name}; keep one", Failure.NOT_FOUND)
        packages[name] = found[0]
    return packages


def downloaded(expected, folder):
    """The packages of the manifest's entries `expected`, downloaded to `folder`, by name."""
    require("apt-get", "apt")
    require("dpkg-deb", "dpkg")
    names = [entry["package"] for entry in expected]
    # Otherwise apt warns that its own user cannot write to the folder.
    sandbox = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    run = subprocess.run(["apt-get", "download", "-q", *sandbox, *names], cwd=folder, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                         env={**os.environ, "LC_ALL": "C"})
    if run.returncode:
        raise failure(run.stdout, names)
    return from_folder(expected, folder)


def failure(output, names):
    """What a failed download, from what apt-get printed, comes to."""
    by_hand = f"or run `apt-get download {' '.join(names)}` elsewhere and pass the folder with --from"
    if missing := re.search(r"Unable to locate package (\S+)|Can't (?:find a source to download|select candidate) "
                            r".*?'?([a-z0-9.+-]+)'?(?: as it|:|$)", output):
        name = next((name for name in names if name in missing.groups()), " or ".join(names))
        return Failure(f"apt-get does not know the package {name}: run `apt-get update` as root, and check that the component "
                       f"main (Ubuntu: universe) is enabled; {by_hand}")
    if re.search(r"No space left|enough free space", output):
        return Failure("the disk is full; make room, or name a folder elsewhere", Failure.CANNOT_WRITE)
    if re.search(r"404 +Not Found|Hash Sum mismatch", output):
        return Failure(f"the package lists are out of date: run `apt-get update` as root, and try again; {by_hand}")
    if re.search(r"resolv|connect|timed out|unreachable", output, re.IGNORECASE):
        return Failure(f"there is no connection to the package archive; connect and try again, {by_hand}")
    lines = [line[3:] for line in output.splitlines() if line.startswith("E: ")]
    line = re.sub(r"\w+://\S+", "…", lines[0] if lines else "it printed no reason")
    return Failure(f"apt-get failed: {line}; {by_hand}")


def require(command, package):
    if shutil.which(command) is None:
        raise Failure(f"{command} is missing: this script needs Debian or Ubuntu, whose package {package} has it")
