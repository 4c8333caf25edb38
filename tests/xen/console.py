#!/usr/bin/env python3
"""What a console's log showed, as a terminal of 80 by 24 would have it.

console.py --text LOG           the last screens as text
console.py --picture SVG LOG    a picture of the fullest screen that an installer drew
"""
import html
import itertools
import re
import sys

COLUMNS, ROWS = 80, 24
BLANK = (" ", 7, 0)
LINES = dict(zip("lqkxmjtuvwn`afgho", "┌─┐│└┘├┤┴┬┼◆▒°±▓■"))
COLOURS = ["#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5"]
TOKEN = re.compile(rb"\x1b\[([0-9;?]*)([A-Za-z@`])|\x1b[()]([0-9A-Za-z])|\x1b([A-Za-z78=>])|([\x00-\x1f])|([^\x00-\x1f\x1b]+)")


class Screen:
    """Enough of a VT100 for newt, GRUB and a kernel."""

    def __init__(self):
        self.rows = [[BLANK] * COLUMNS for _ in range(ROWS)]
        self.x = self.y = 0
        self.ink, self.paper = 7, 0
        self.graphic = False
        self.saved = (0, 0)

    def feed(self, data):
        for match in TOKEN.finditer(data):
            arguments, final, charset, escape, control, text = match.groups()
            if final:
                self.command(arguments.decode(), final.decode())
            elif charset:
                self.graphic = charset == b"0"
            elif escape:
                self.escape(escape)
            elif control:
                self.control(control)
            else:
                for letter in text.decode("utf-8", "replace"):
                    self.put(letter)

    def escape(self, which):
        if which == b"7":
            self.saved = (self.x, self.y)
        elif which == b"8":
            self.x, self.y = self.saved
        elif which == b"c":
            self.__init__()

    def control(self, byte):
        if byte == b"\r":
            self.x = 0
        elif byte == b"\n":
            self.down()
        elif byte == b"\b":
            self.x = max(0, self.x - 1)
        elif byte == b"\t":
            self.x = min(COLUMNS - 1, self.x // 8 * 8 + 8)
        elif byte == b"\x0e":
            self.graphic = True
        elif byte == b"\x0f":
            self.graphic = False

    def put(self, letter):
        if self.x >= COLUMNS:
            self.x = 0
            self.down()
        if self.graphic:
            letter = LINES.get(letter, letter)
        self.rows[self.y][self.x] = (letter, self.ink, self.paper)
        self.x += 1

    def down(self):
        if self.y < ROWS - 1:
            self.y += 1
        else:
            self.rows = self.rows[1:] + [[BLANK] * COLUMNS]

    def command(self, arguments, final):
        numbers = [int(part) if part.isdigit() else 0 for part in arguments.lstrip("?").split(";")]
        first = numbers[0] or 1
        if final in "Hf":
            self.y = min(ROWS, first) - 1
            self.x = min(COLUMNS, (numbers[1] if len(numbers) > 1 else 1) or 1) - 1
        elif final == "A":
            self.y = max(0, self.y - first)
        elif final == "B":
            self.y = min(ROWS - 1, self.y + first)
        elif final == "C":
            self.x = min(COLUMNS - 1, self.x + first)
        elif final == "D":
            self.x = max(0, self.x - first)
        elif final == "G":
            self.x = min(COLUMNS, first) - 1
        elif final == "d":
            self.y = min(ROWS, first) - 1
        elif final == "J":
            self.erase_below() if numbers[0] == 0 else self.erase_all()
        elif final == "K":
            self.rows[self.y][self.x:] = [(" ", self.ink, self.paper)] * (COLUMNS - min(self.x, COLUMNS))
        elif final == "m":
            self.colours(numbers)

    def erase_below(self):
        self.rows[self.y][self.x:] = [BLANK] * (COLUMNS - min(self.x, COLUMNS))
        for y in range(self.y + 1, ROWS):
            self.rows[y] = [BLANK] * COLUMNS

    def erase_all(self):
        self.rows = [[(" ", self.ink, self.paper)] * COLUMNS for _ in range(ROWS)]

    def colours(self, numbers):
        for number in numbers:
            if number == 0:
                self.ink, self.paper = 7, 0
            elif 30 <= number <= 37:
                self.ink = number - 30
            elif 40 <= number <= 47:
                self.paper = number - 40
            elif number == 39:
                self.ink = 7
            elif number == 49:
                self.paper = 0
            elif number == 7:
                self.ink, self.paper = self.paper, self.ink

    def text(self):
        return [("".join(cell[0] for cell in row)).rstrip() for row in self.rows]

    def svg(self):
        cell, line = 8.4, 18
        out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="DejaVu Sans Mono, monospace" '
               'font-size="14">' % (COLUMNS * cell, ROWS * line), '<rect width="100%" height="100%" fill="#000000"/>']
        for y, row in enumerate(self.rows):
            x = 0
            for paper, run in itertools.groupby(row, key=lambda c: c[2]):
                width = len(list(run))
                if paper:
                    out.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" shape-rendering="crispEdges"/>'
                               % (x * cell, y * line, width * cell, line, COLOURS[paper]))
                x += width
            for x, (letter, ink, _) in enumerate(row):
                if letter != " ":
                    out.append('<text x="%.1f" y="%d" fill="%s">%s</text>'
                               % (x * cell, y * line + 14, COLOURS[ink], html.escape(letter)))
        return "\n".join(out + ["</svg>", ""])


def main():
    log = open(sys.argv[-1], "rb").read()
    screen = Screen()
    if sys.argv[1] == "--text":
        screen.feed(log[-200_000:])
        print("\n".join(screen.text()).strip("\n"))
        return
    # The installer draws a percentage: the picture is of the last screen that shows the base system coming.
    end = log.rfind(b"Installing the base system")
    part = log[: log.find(b"%", end) + 2000] if end >= 0 else log
    screen.feed(part.rpartition(b"\x1b")[0])  # not half a command
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(screen.svg())


if __name__ == "__main__":
    main()
