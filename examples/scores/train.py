#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trains a scikit-learn IsolationForest on windows that weir has exported as CSV, and prints the lines for [advice].

train.py WINDOWS.csv... -o MODEL      needs Debian's python3-sklearn
"""
import argparse
import csv
import pickle

import numpy
from sklearn.ensemble import IsolationForest

COLUMNS = ("packets_s bytes_s mean_size syn_share rst_share fin_share handshakes icmp udp new_flows new_sources "
           "sources source_entropy source_ports ports fragments").split()


def read(paths, keys, columns):
    """A row a window of these kinds; what a row does not have is 0, as weir sends it."""
    rows = []
    for path in paths:
        with open(path, newline="") as f:
            for row in csv.DictReader(f):
                if row["key"] in keys and row["other"] == "0":
                    rows.append([float(row[c] or 0) for c in columns])
    return numpy.array(rows)


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
    forest = IsolationForest(n_estimators=100, random_state=0).fit(rows)
    usual = -forest.score_samples(rows) # 0: nothing is as usual as that; 1: nothing is as odd
    with open(a.output, "wb") as f:
        pickle.dump({"forest": forest, "columns": a.columns}, f)
    # Odder than all that was seen.
    print("keys = %s\ninputs = %s\nover = %.3f" % (" ".join(a.keys), " ".join(a.columns), (usual.max() + 1) / 2
                                                  if usual.max() > 0.9 else usual.max() + 0.02))


if __name__ == "__main__":
    main()
