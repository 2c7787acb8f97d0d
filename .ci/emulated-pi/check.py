#!/usr/bin/env python3
"""Checks what the witness outside the emulated Pi saw, and what was left on its card.

Marks of the guest's script are edges of pin 5, so they stand in the witness's own
log, in order with everything else. Prints the figures of the guest besides.
"""

import pathlib
import re
import sqlite3
import sys

MARK, HEATER, HORN, PUMP, LIGHTS = 5, 17, 22, 23, 27
# The horn is active low: high is off. The pump, which may start twice, is looked at by itself.
SAFE = {HEATER: "0", HORN: "1", LIGHTS: "0"}
SAFE_WITHIN = 2.0       # seconds after a death, by the contract
WATCHDOG = 10.0         # seconds, WatchdogSec of the unit

problems = []


def expect(truth, text):
    print(("ok      " if truth else "FAILED  ") + text)
    if not truth:
        problems.append(text)


def marks_of(console):
    return [line.split()[1] for line in console.splitlines() if line.startswith("mark ")]


class Life:
    """One power-on: edges by pin, and the times of the marks."""

    def __init__(self, folder, name):
        self.name = name
        self.console = (folder / f"{name}.console").read_text(errors="replace").replace("\r", "")
        self.edges = []
        for line in (folder / f"{name}.witness").read_text().splitlines():
            if not line.startswith("#"):
                seconds, pin, level = line.split()
                self.edges.append((float(seconds), int(pin), level))
        edges_of_mark = [at for at, pin, level in self.edges if pin == MARK and level != "z"]
        names = marks_of(self.console)
        # The first mark may appear as two lines, output and level.
        expect(len(edges_of_mark) >= len(names), f"{name}: every mark was seen outside")
        self.marks = dict(zip(names, edges_of_mark[-len(names):]))
        for figure in re.findall(r"^figure (.*)$", self.console, re.M):
            print(f"figure  {folder.name} {name}: {figure}")

    def between(self, pin, start, end=None):
        first, last = self.marks[start], self.marks.get(end, float("inf"))
        return [(at, level) for at, p, level in self.edges if p == pin and first <= at <= last]

    def never_away(self, start, end):
        for pin, safe in SAFE.items():
            seen = {level for _, level in self.between(pin, start, end)} - {"z"}
            expect(seen <= {safe}, f"{self.name}: GPIO {pin} is never away from safe from {start} to {end}")

    def before(self, mark):
        """No pin was ever away from safe before this mark."""
        for pin, safe in SAFE.items():
            seen = {l for at, p, l in self.edges if p == pin and at < self.marks[mark]} - {"z"}
            expect(seen <= {safe}, f"{self.name}: GPIO {pin} never left safe before \"{mark}\"")

    def away(self, pin, start, end=None):
        levels = [level for _, level in self.between(pin, start, end)]
        expect(levels.count("0" if SAFE[pin] == "1" else "1") > 0,
               f"{self.name}: GPIO {pin} left safe after \"{start}\"")

    def still(self, start, end):
        for pin in SAFE:
            expect(not self.between(pin, start, end),
                   f"{self.name}: GPIO {pin} does not move from \"{start}\" to \"{end}\"")

    def safe_after(self, pin, mark, end, limit=SAFE_WITHIN):
        """Released counts for a pin of the character device: its pull keeps it safe."""
        edges = self.between(pin, mark, end)
        good = [at for at, level in edges if level in (SAFE[pin], "z")]
        late = (good[0] - self.marks[mark]) if good else None
        text = f"{late:.2f} s" if good else "never"
        expect(late is not None and late <= limit,
               f"{self.name}: GPIO {pin} is safe {text} after \"{mark}\"")
        if good:
            after = [level for at, level in edges if at >= good[0]]
            expect(set(after) <= {SAFE[pin], "z"}, f"{self.name}: GPIO {pin} stays safe")


def short(life):
    life.before("armed")
    for pin in SAFE:
        life.away(pin, "armed", "killed")
        life.safe_after(pin, "killed", "end")
    last = [level for _, level in life.between(HEATER, "killed", "helped")][-1:]
    expect(last == ["0"],
           f"{life.name}: GPIO {HEATER} is driven low by safe-outputs, not merely released")


def whole(life):
    life.before("armed")
    for pin in SAFE:
        life.away(pin, "armed", "clock_jumps")
    life.still("clock_jumps", "cable_pulled")
    life.safe_after(HEATER, "cable_pulled", "cable_back", limit=3 + 2 + 2)
    expect(not [l for _, l in life.between(LIGHTS, "cable_pulled", "cable_back")],
           "life: the other cable's output does not care")
    life.away(HEATER, "cable_back", "killed")
    for pin in SAFE:
        life.safe_after(pin, "killed", "started_again")
        life.away(pin, "started_again", "power_cut")
    for begin, end in (("armed", "clock_jumps"), ("started_again", "power_cut")):
        levels = [level for _, level in life.between(PUMP, begin, end)]
        expect(levels.count("1") == 1, f"life: GPIO {PUMP} starts once after \"{begin}\"")


def after_the_cut(life):
    for pin in (HORN, LIGHTS):
        life.away(pin, "begin", "acknowledged")
    levels = {level for _, level in life.between(HEATER, "begin")}
    expect("1" not in levels, "after_the_cut: the heater's rule was decided anew")
    levels = {level for _, level in life.between(PUMP, "begin")}
    expect("1" not in levels, "after_the_cut: the pump's two starts an hour are not forgotten")
    life.safe_after(HORN, "acknowledged", "stopped", limit=10)
    life.safe_after(LIGHTS, "stopped", "end", limit=10)


def systemd(life):
    """The unit as installed, under the real systemd."""
    life.before("armed")
    for pin in SAFE:
        life.away(pin, "armed", "hung")
        life.safe_after(pin, "hung", "watched", limit=WATCHDOG + SAFE_WITHIN + 3)
        life.away(pin, "watched", "killed")
        life.safe_after(pin, "killed", "restarted")
        life.away(pin, "restarted", "stopped")
        life.safe_after(pin, "stopped", "still", limit=10)
    life.never_away("looped", "end")


def card(folder, console):
    """The journal as the power cut left it."""
    before = int(re.search(r"figure entries (\d+)", console)[1])
    for name in ("journal", "history"):
        with sqlite3.connect(folder / f"{name}.db") as db:
            verdict = db.execute("pragma integrity_check").fetchone()[0]
            expect(verdict == "ok", f"card: {name}.db is whole after the cut")
    with sqlite3.connect(folder / "journal.db") as db:
        count = db.execute("select count(*) from entry").fetchone()[0]
        expect(count >= before, f"card: {count} entries, {before} were readable before the cut")
        away = db.execute("select count(*) from entry where kind = 'intent'").fetchone()[0]
        expect(away >= 6, f"card: {away} intents, one an edge away from safe")


def main():
    folder = pathlib.Path(sys.argv[1])
    if (folder / "systemd.console").exists():
        systemd(Life(folder, "systemd"))
    elif (folder / "life.console").exists():
        life = Life(folder, "life")
        whole(life)
        card(folder, life.console)
        after_the_cut(Life(folder, "after_the_cut"))
    else:
        short(Life(folder, "short"))
    if problems:
        sys.exit(f"{len(problems)} of the above failed; see {folder}")


main()
