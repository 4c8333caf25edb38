"""Reads *.trees: boot servers' files and DHCP answers as text, many in one file. README.md says how they are written."""

import re

SETTINGS = {"base", "boot-file", "option-209", "option-210", "uuid", "mac", "modules", "seconds"}


class Tree:
    def __init__(self, name):
        self.name = name
        self.settings = {}
        self.files = {}


def unescape(text):
    """C's escapes, and no line ends but the escaped ones."""
    joined = text.replace("\n", "")
    return re.sub(
        rb"\\(x[0-9a-f]{2}|[ntr\\])",
        lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}[m[1]],
        joined.encode(),
    )


def read(path):
    trees, tree, name, how, lines = [], None, None, None, []

    def end():
        nonlocal name, lines
        if name is not None:
            text = "".join(lines)
            content = {"": text.encode(), "escaped": None, "kernel": "kernel", "multiboot": "multiboot", "data": b"x", "empty": b""}[how]
            tree.files[name] = unescape(text) if how == "escaped" else content
        name, lines = None, []

    for number, line in enumerate(open(path, encoding="utf-8", newline="\n"), 1):
        if line.startswith("##### "):
            end()
            tree = Tree(line.split()[1])
            trees.append(tree)
        elif line.startswith("=== "):
            end()
            words = line.split()[1:]
            name, how = words[0], words[1] if len(words) > 1 else ""
        elif name is not None:
            lines.append(line)
        elif line.startswith("set "):
            key, value = line[4:].rstrip("\n").split(" ", 1)
            if key not in SETTINGS:
                raise SystemExit(f"{path}:{number}: no such setting: {key}")
            tree.settings[key] = value
        elif line.strip() and not line.startswith("# "):
            raise SystemExit(f"{path}:{number}: what is this? {line!r}")
    end()
    bases = {tree.name: tree for tree in trees if tree.name.startswith("@")}
    for tree in trees:
        if base := tree.settings.get("base"):
            tree.files = {**bases[base].files, **tree.files}
    return [tree for tree in trees if tree.name not in bases]
