#!/usr/bin/env python3
"""Tar archives by Python's tarfile and by GNU tar, for Tests/CorporaTests/Golden: python3 scripts/golden/tars.py

Needs Python 3.8 or newer and GNU tar. Each archive contains images (bytes from a formula, not real images) and captions under short,
non-ASCII and long names, a symbolic and a hard link; the sparse ones contain a file with a hole instead of links.
"""
import gzip, io, os, pathlib, subprocess, tarfile, tempfile

OUT = pathlib.Path(__file__).parents[2] / "Tests/CorporaTests/Golden"
SHORT = ["plain", "b/lüte"]
LONG = ["deep/" + "d" * 90 + "/" + "n" * 80]
LONGEST = ["e" * 120 + "/" + "m" * 180]


def image(index):
    return bytes((place * place + index) & 255 for place in range(1000 + index * 211))


def pack(data, name):
    OUT.mkdir(exist_ok=True)
    with open(OUT / f"{name}.tar.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(data)


def members(names):
    for index, name in enumerate(names):
        yield name + ".jpg", image(index)
        yield name + ".txt", f"caption of {name}\n".encode()


def by_python(name, format, names):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        folder = tarfile.TarInfo("b")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, data in members(names):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            # A time with a fraction has the pax format write a header for each member.
            info.mtime = 1.5 if format == tarfile.PAX_FORMAT else 1
            archive.addfile(info, io.BytesIO(data))
        for path, kind, target in (("soft.jpg", tarfile.SYMTYPE, "plain.jpg"), ("hard.jpg", tarfile.LNKTYPE, "plain.jpg")):
            info = tarfile.TarInfo(path)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    pack(buffer.getvalue(), name)


def by_gnu_tar(name, options, sparse):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for path, data in members(SHORT):
            target = pathlib.Path(folder, path)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)
            paths.append(path)
        if sparse:
            with open(f"{folder}/holes.jpg", "wb") as file:
                # More pieces than the header has room for.
                for piece in range(30):
                    file.seek(piece * 100000)
                    file.write(b"piece")
                file.truncate(4000000)
            paths.insert(2, "holes.jpg")
        else:
            os.symlink("plain.jpg", f"{folder}/soft.jpg")
            os.link(f"{folder}/plain.jpg", f"{folder}/hard.jpg")
            paths += ["soft.jpg", "hard.jpg"]
        command = ["tar", "-c", "--owner=0", "--group=0", "--mtime=@1", *options, "-C", folder, *paths]
        pack(subprocess.run(command, check=True, capture_output=True).stdout, name)


by_python("ustar", tarfile.USTAR_FORMAT, SHORT + LONG)
by_python("gnu", tarfile.GNU_FORMAT, SHORT + LONG + LONGEST)
by_python("pax", tarfile.PAX_FORMAT, SHORT + LONG + LONGEST)
by_gnu_tar("v7", ["--format=v7"], False)
by_gnu_tar("sparse-gnu", ["--format=gnu", "--sparse"], True)
by_gnu_tar("sparse-pax", ["--format=posix", "--sparse"], True)
