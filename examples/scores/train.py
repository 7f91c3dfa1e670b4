#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trains a scikit-learn model on windows that weir has exported as CSV, and prints the lines for [advice].

The score of a row is its distance to the nearest rows that were seen, with logarithms for sizes, so twice as much is as far
everywhere: 0 is as usual, and the further from all that was seen, the more. It needs no attacks to learn from.

train.py WINDOWS.csv... -o MODEL      needs Debian's python3-sklearn
"""
import argparse
import csv
import pickle

import numpy
from sklearn.neighbors import NearestNeighbors

COLUMNS = ("packets_s bytes_s mean_size syn_share rst_share fin_share handshakes icmp udp new_flows new_sources "
           "sources source_entropy source_ports ports fragments").split()
MOST = 20000  # rows that are kept
NEAREST = 3


def read(paths, keys, columns):
    """A row a window of these kinds; what a row does not have is 0, as weir sends it.

    The first seconds and the last one are left out: just after a start everything is new, and at the end a second is not whole.
    """
    found = []
    for path in paths:
        with open(path, newline="") as f:
            found += [r for r in csv.DictReader(f) if r["key"] in keys and r["other"] == "0"]
    starts = sorted({r["start"] for r in found})
    whole = set(starts[3:-1])
    return numpy.array([[float(r[c] or 0) for c in columns] for r in found if r["start"] in whole])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("windows", nargs="+", help="CSV files of weir export windows, or of output.features")
    p.add_argument("-o", "--output", required=True, help="where the model goes")
    p.add_argument("--keys", nargs="+", default=["host"], help="kinds of rows: host, service, source_prefix")
    p.add_argument("--columns", nargs="+", default=COLUMNS)
    a = p.parse_args()
    rows = read(a.windows, a.keys, a.columns)
    if len(rows) < 8:
        raise SystemExit("train.py: %d rows of %s are too few: let weir export for longer" % (len(rows), " ".join(a.keys)))
    rows = numpy.log1p(rows)
    if len(rows) > MOST:
        rows = rows[numpy.random.default_rng(0).choice(len(rows), MOST, replace=False)]
    model = NearestNeighbors(n_neighbors=NEAREST).fit(rows)
    # Each row is its own nearest: one more is asked for, and that one left out.
    apart = model.kneighbors(rows, NEAREST + 1)[0][:, -1]
    with open(a.output, "wb") as f:
        pickle.dump({"model": model, "columns": a.columns}, f)
    print("keys = %s\ninputs = %s\nover = %.3f" % (" ".join(a.keys), " ".join(a.columns), 3 + 1.5 * numpy.quantile(apart, 0.95)))


if __name__ == "__main__":
    main()
