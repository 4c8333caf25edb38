#!/usr/bin/env python3
"""Writes configs from a grammar of what configs are made of: random_trees.py COUNT SEED.

The parts are few and alike, so that they meet: the same label twice, a label that is a file, a default that is hidden.
"""

import random
import sys

FILES = ["a", "b", "ka", "kb", "kc", "vmlinuz", "kb.bin"]
DATA = ["i", "j"]


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    print(f"# Made by random_trees.py {count} {seed}.")
    print("##### @files")
    for name in FILES:
        print(f"=== {name} kernel")
    for name in DATA:
        print(f"=== {name} data")
    for number in range(count):
        grammar = Grammar(random.Random(f"{seed} {number}"))
        print(f"##### {seed}-{number:03}\nset base @files\n=== inc.cfg")
        print("\n".join(grammar.body(1)))
        print("=== pxelinux.cfg/default")
        print("\n".join(grammar.config()))


class Grammar:
    def __init__(self, dice):
        self.dice = dice

    def one(self, *choices):
        return self.dice.choice(choices)

    def chance(self, part):
        return self.dice.random() < part

    def command(self):
        return self.one("a", "b", "c", "d", "vmlinuz", "ka", "kb.bin") + self.one("", "", " p", "  p  q", " initrd=j")

    def config(self):
        first = ("ui menu.c32", "ui vesamenu.c32", "default menu.c32", "prompt 1", "", "default " + self.command(), "default " + self.command())
        head = [self.one(*first) for _ in range(self.dice.randint(1, 2))] + ["timeout 5"]
        if self.chance(0.5):
            head.append("ontimeout " + self.command())
        if self.chance(0.3):
            head.append("default " + self.command())
        if self.chance(0.3):
            head.append("onerror " + self.command())
        if self.chance(0.2):
            head.append("menu onerror " + self.command())
        if self.chance(0.15):
            head.append(self.one("implicit 0", "allowoptions 0", "noescape 1", "menu hidden", "totaltimeout 7"))
        self.dice.shuffle(head)
        tail = [self.one("default " + self.command(), "ui menu.c32", "")] if self.chance(0.3) else []
        return head + self.body(0) + tail

    def body(self, depth):
        lines = []
        for _ in range(self.dice.randint(1, 4)):
            part = self.dice.random()
            if part < 0.6:
                lines += self.label()
            elif part < 0.7:
                lines.append("menu separator")
            elif part < 0.8 and depth < 2:
                lines.append("menu begin s" + self.one("1", "2", "3"))
                if self.chance(0.2):
                    lines.append("menu start")
                lines += self.body(depth + 1)
                if self.chance(0.9):
                    lines.append("menu end")
            elif part < 0.9:
                lines.append(self.one("append g1", "append g2 h", "sysappend 2", "ipappend 0x1"))
            else:
                lines.append(self.one("include inc.cfg", "menu include inc.cfg", "menu include inc.cfg Tag", "menu include gone.cfg T", "timeout 5",
                                      "ontimeout " + self.command()) if depth == 0 else "timeout 5")
        return lines

    def label(self):
        lines = ["label " + self.one("a", "b", "c", "d")]
        for _ in range(self.dice.randint(0, 5)):
            lines.append(self.one(
                "kernel " + self.one("ka", "kb", "kc", "vmlinuz") + self.one("", " k1"), "linux kb.bin", "kernel kc x=1",
                "append " + self.one("-", "q", "initrd=i r", "- s", "t  u ", "foo.initrd=j,i"), "initrd " + self.one("i", "i,j", "j z"),
                "sysappend " + self.one("0", "1", "2", "3"), "menu default", "menu hide", "menu label ^L", "menu indent 2",
                "text help\nlabel d\nendtext", "menu passwd x", "localboot 0", "config other.cfg"))
        if self.chance(0.1):
            lines.append("menu disable")
        return lines


if __name__ == "__main__":
    main()
