#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the table of docs/detection-score.md, and its curves, of what `weir score --json --auto enforce` said.

    bench/score_report.py [--svg FILE] "OPTIONS=FILE.jsonl"...

OPTIONS are those of `weir score` ("" as they are): --thin and --scale are the curves. Prints Markdown.
"""
import argparse
import json
import math
import sys

WIDTH, HIGH, LEFT, TOP, GAP = 380, 150, 64, 52, 56  # of a panel
COLORS = {"found": "#0072b2", "named": "#e69f00", "floods": "#009e73", "others": "#cc79a7"}  # Okabe, Ito: told apart by all
CURVES = {"--thin": ([3, 10, 30, 100], "%g %%", "so many of the packets of attacks"), "--scale": ([0.5, 1, 2], "%g x", "so many times as long")}
SLOWEST_S, QUICKEST_S = 300, 0.03


def read(path):
    """The sum of a run: over all captures, or of the one kind that there was."""
    with open(path) as f:
        sums = [e for e in map(json.loads, f) if e["event_type"] == "score"]
    if not sums:
        sys.exit(f"{path}: it has no sum: weir score was not finished")
    return sums[-1]


# ---- the table ----

def percents(r):
    return "%.1f %% (%.1f to %.1f)" % tuple(100 * r[k] for k in ("value", "low", "high")) if r else ""


def delays(d):
    if "median_s" not in d:
        return "none of %d" % d["events"]
    missed = " (%d of %d found)" % (d["found"], d["events"]) if d["found"] < d["events"] else ""
    return "%.1f s, %.1f s%s" % (d["median_s"], d["p90_s"], missed)


def row(name, s):
    warm = ", and %d in the warm-up" % s["false_alarms_warmup"] if s["false_alarms_warmup"] else ""
    clean = s["clean"]
    return [f"`{name}`" if name else "as they are", "%d of %d" % (s["found"], s["events"]), "%d" % s["named"], delays(s["floods"]),
            delays(s["others"]), "%d%s in %.2f h" % (s["false_alarms"], warm, s["usual_s"] / 3600), percents(s.get("kept_out")),
            percents(s.get("kept_out_since")), percents(s["floods"].get("kept_out")), percents(s["floods"].get("kept_out_since")),
            "%d" % clean["events"] + (", %.1f s" % clean["median_s"] if clean["events"] else ""), f"{s['usual']['kept_out']:,}"]


HEAD = ["", "found", "named", "median, p90 of floods", "of others", "false alarms", "kept out of an event", "from the first on", "of a flood",
        "from the first on", "clean, median", "usual packets kept out"]


def table(sums):
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for name, s in sums.items():
        print("| " + " | ".join(row(name, s)) + " |")


# ---- the curves ----

def panel(x0, y0, at, label, caption, title, ticks, lines, below):
    """lines: [(name, {x: (value, low, high)})] as shares of the height."""
    first, last = math.log(at[0]), math.log(at[-1])

    def x_of(x):
        return x0 + 20 + (math.log(x) - first) / (last - first) * (WIDTH - 140)

    def y_of(share):
        return y0 + HIGH * (1 - min(1, max(0, share)))
    out = ['<text x="%d" y="%d">%s</text>' % (x0, y0 - 10, title)]
    for share, text in ticks:
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>' % (x0, x0 + WIDTH - 100, y_of(share), y_of(share)))
        out.append('<text x="%d" y="%.1f" text-anchor="end" dy="4">%s</text>' % (x0 - 6, y_of(share), text))
    for x in at:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x_of(x), y0 + HIGH + 16, label % x))
    if below:
        out.append('<text x="%d" y="%d" fill="#555">%s</text>' % (x0, y0 + HIGH + 34, caption))
    for i, (name, points) in enumerate(lines):
        known = [(x_of(x), points[x]) for x in at if x in points]
        if not known:
            continue
        band = ["%.1f,%.1f" % (x, y_of(p[2])) for x, p in known] + ["%.1f,%.1f" % (x, y_of(p[1])) for x, p in reversed(known)]
        color = COLORS[name]
        if any(p[1] != p[2] for _, p in known):
            out.append('<polygon points="%s" fill="%s" opacity="0.15"/>' % (" ".join(band), color))
        # The first is wider: it is seen below another one that goes the same way.
        out.append('<polyline fill="none" stroke="%s" stroke-width="%d" points="%s"/>' % (color, 2 if i else 6, " ".join(
            "%.1f,%.1f" % (x, y_of(p[0])) for x, p in known)))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x, y_of(p[0]), color) for x, p in known]
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' % (x0 + WIDTH - 92, y0 + 14 + 18 * i, color, name))
    return out


def value_of(name, option):
    """The x of a run on this curve; None: it is of another."""
    words = name.split()
    if not words:
        return 100 if option == "--thin" else 1
    return float(words[1]) if len(words) == 2 and words[0] == option else None


def height_of(s):
    """Seconds, on a scale of logarithms, as a share of the height."""
    return math.log(max(s, QUICKEST_S) / QUICKEST_S) / math.log(SLOWEST_S / QUICKEST_S)


def curves(sums, path):
    shares, delays_of = [("found", "found_share"), ("named", "named_share")], ["floods", "others"]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">' %
           (2 * WIDTH + 2 * LEFT, 2 * (HIGH + GAP) + TOP), '<rect width="100%" height="100%" fill="#fff"/>',
           '<text x="%d" y="20" font-size="14">Attacks made thinner, and slower or quicker; the bands: nine of ten draws of the events</text>' % LEFT]
    for column, (option, (at, label, caption)) in enumerate(CURVES.items()):
        runs = {value_of(name, option): s for name, s in sums.items() if value_of(name, option) is not None}
        x0 = LEFT + column * (WIDTH + LEFT)
        lines = [(name, {x: tuple(s[key][k] for k in ("value", "low", "high")) for x, s in runs.items()}) for name, key in shares]
        out += panel(x0, TOP, at, label, caption, "share of events", [(v / 100, "%d %%" % v) for v in (0, 25, 50, 75, 100)], lines, False)
        lines = [(key, {x: (height_of(s[key]["median_s"]),) * 3 for x, s in runs.items() if "median_s" in s[key]}) for key in delays_of]
        out += panel(x0, TOP + HIGH + GAP, at, label, caption, "found after, median of those found",
                     [(height_of(v), "%g s" % v) for v in (0.1, 1, 10, 100)], lines, True)
    with open(path, "w") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("runs", nargs="+")
    args.add_argument("--svg")
    a = args.parse_args()
    sums = {name: read(path) for name, path in (r.rsplit("=", 1) for r in a.runs)}
    table(sums)
    if a.svg:
        curves(sums, a.svg)


if __name__ == "__main__":
    main()
