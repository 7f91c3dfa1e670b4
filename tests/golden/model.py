#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Models: what scikit-learn says and what weir says of the same packets, wrong files, a policy that asks, training.

The Python is the system's, as its scikit-learn is. The lines that write a model for weir are those of docs/model.md.
"""
import csv
import gzip
import io
import json
import os
import random
import re
import struct
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
root = os.environ.get("WEIR_SRC") or os.path.dirname(os.path.dirname(here))
weir = os.environ.get("WEIR", os.path.join(root, "build", "weir"))
count = failed = 0
PACKETS = 1200


def ok(good, what, more=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good and more:
        print("# " + str(more).replace("\n", "\n# "))


def skip(what):
    global count
    count += 1
    print("ok %d # SKIP %s" % (count, what))


def run(*args):
    done = subprocess.run([weir, *args], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


# ---- packets ----


def frame(rnd, source, attack):
    """IPv4, UDP or TCP; an attack is UDP of 200 to 260 bytes, or a SYN with a window of 512."""
    udp = rnd.random() < 0.5
    payload = rnd.randrange(200, 260) if attack and udp else 0 if attack else rnd.randrange(0, 900)
    if udp:
        body = struct.pack("!HHHH", rnd.randrange(1024, 65536), rnd.choice([53, 123, 443]), 8 + payload, 0) + bytes(payload)
    else:
        flags, window = (2, 512) if attack else (rnd.choice([2, 16, 24]), rnd.randrange(1000, 65536))
        options = b"" if attack or rnd.random() < 0.3 else b"\x02\x04" + struct.pack("!H", rnd.choice([1460, 1400])) + b"\x01\x03\x03\x07"
        body = struct.pack("!HHIIBBHHH", rnd.randrange(1024, 65536), 443, rnd.getrandbits(32), 0, (5 + len(options) // 4) << 4, flags, window, 0, 0) + options + bytes(payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, rnd.choice([0, 8]), 20 + len(body), 1, rnd.choice([0, 0x4000]), rnd.choice([64, 55, 128]), 17 if udp else 6, 0, source, bytes([192, 0, 2, 1]))
    return bytes(12) + b"\x08\x00" + head + body


def write_capture(path, seed):
    """With the labels and the table of one event that weir score and weir learn train read."""
    rnd = random.Random(seed)
    labels = bytearray()
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(PACKETS):
            attack = rnd.random() < 0.4
            source = bytes([198, 18 + attack, 0, rnd.randrange(200)])
            data = frame(rnd, source, attack)
            labels.append(attack)
            f.write(struct.pack("<IIII", 1000000000 + i // 100, i % 100 * 10000, len(data), len(data)) + data)
    stem = path[:-len(".pcap")]
    with gzip.open(stem + ".lab.gz", "wb") as f:
        f.write(bytes(labels))
    with open(stem + ".events.tsv", "w") as f:
        f.write("event\tclass\tstart_s\tend_s\tpackets\tvictim\n1\tflood\t0\t12\t%d\t192.0.2.1\n" % sum(labels))


def features_of(path, *more):
    status, out, err = run("learn", "features", *more, path)
    ok(status == 0, "weir learn features: " + " ".join(more) if more else "weir learn features", err)
    return list(csv.DictReader(io.StringIO(out)))


# ---- flows and sources ----

UNIT = 1 << 20  # ns


def part_of(packets):
    """What the table in docs/model.md says of packets (time in ns, source, source port, flags, bytes): a row each, worked out from all of them."""
    rows = []
    for i, (t, src, port, _, _) in enumerate(packets):
        now = t // UNIT
        source = [p for p in packets[:i + 1] if p[1] == src]
        flow = [p for p in source if p[2] == port]
        slot = [p for p in source if p[0] // UNIT >> 10 == now >> 10]
        before = [p for p in source if p[0] // UNIT >> 10 == (now >> 10) - 1]
        total, flags = sum(p[4] for p in flow), 0
        for p in flow:
            flags |= p[3]
        rows.append({"flow_packets": len(flow), "flow_bytes": total, "flow_mean": total // len(flow), "flow_age": now - flow[0][0] // UNIT,
                     "flow_gap": now - flow[-2][0] // UNIT if len(flow) > 1 else 0, "flow_flags": flags,
                     "source_packets": len(source), "source_rate": len(slot) + (len(before) * (1024 - (now & 1023)) >> 10),
                     "source_flows": len({p[2] for p in source}), "source_age": now - source[0][0] // UNIT})
    return rows


def traffic(folder):
    rnd = random.Random(11)
    path, model, text = (os.path.join(folder, n) for n in ("traffic.pcap", "rate.json", "rate.policy"))
    packets, t = [], 1000000000 * 10 ** 9
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
        for _ in range(800):
            t += rnd.choice([1000, 300000, 5000000, 40000000])
            src, port, flags, size = rnd.choice([1, 1, 1, 2, 3, 4]), 1000 + rnd.randrange(4), rnd.choice([2, 16, 24, 17]), rnd.randrange(0, 900)
            body = struct.pack("!HHIIBBHHH", port, 443, 0, 0, 5 << 4, flags, 512, 0, 0) + bytes(size)
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 6, 0, bytes([198, 18, 0, src]), bytes([192, 0, 2, 1]))
            data = bytes(12) + b"\x08\x00" + head + body
            packets.append((t, src, port, flags, len(data)))
            f.write(struct.pack("<IIII", t // 10 ** 9, t % 10 ** 9, len(data), len(data)) + data)
    want, got = part_of(packets), features_of(path)
    wrong = [(i, k, v, got[i][k]) for i, row in enumerate(want) for k, v in row.items() if int(got[i][k]) != v]
    ok(not wrong and len(got) == len(want), "%d packets: what they are part of is as worked out from all of them" % len(want), wrong[:5])
    bound = sorted(r["source_rate"] for r in want)[len(want) // 2]
    with open(model, "w") as f:
        json.dump(tree([["source_rate", bound, 1, 2], [0], ["flow_packets", 20, 3, 4], [32767], [0]]), f)
    with open(text, "w") as f:
        f.write("model rate = file \"%s\"\nfast: drop any score rate over 0.9\n" % model)
    number = [i for i, r in enumerate(want) if r["source_rate"] > bound and r["flow_packets"] <= 20]
    status, out, err = run("read", "--packets", "--json", "--policy", text, path)
    dropped = [i for i, line in enumerate(out.splitlines()) if json.loads(line).get("verdict") == "drop"]
    ok(status == 0 and dropped == number and len(number) > 20, "weir read --policy drops those %d whose score says so" % len(number), err or dropped[:10])
    status, out, err = run("why", "--json", "--all", "--policy", text, path, str(number[-1] + 1))
    ok(status == 0 and json.loads(out).get("rule") == "fast", "weir why of one of them knows those before it", out + err)
    status, out, err = run("why", "--json", "--all", "--policy", text, "tcp 203.0.113.7:5555 > 10.0.0.5:53 syn")
    ok(status == 0 and "by what is known here of its flow and its source" in out, "of a packet alone it says that little is known", out + err)


# ---- scikit-learn ----


def docs_lines():
    with open(os.path.join(root, "docs", "model.md")) as f:
        text = f.read()
    return re.search(r"```python\n(.*?)```", text, re.S).group(1)


def sklearn(folder, capture):
    try:
        import numpy as np
        from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
        from sklearn.tree import DecisionTreeClassifier
    except ImportError as e:
        skip("scikit-learn: %s" % e)
        return
    rows = features_of(capture)
    names = [n for n in rows[0] if n != "label"]
    x = np.array([[float(r[n]) for n in names] for r in rows])
    y = np.array([int(r["label"]) for r in rows])
    rnd = np.random.RandomState(3)
    y_hard = y ^ (rnd.rand(len(y)) < 0.2)  # leaves that are not 0 and 1
    space = {}
    exec(docs_lines(), space)  # pylint: disable=exec-used
    for model in (DecisionTreeClassifier(max_depth=9, random_state=1),
                  RandomForestClassifier(n_estimators=16, max_depth=6, random_state=1),
                  ExtraTreesClassifier(n_estimators=32, max_depth=5, random_state=1),
                  GradientBoostingClassifier(n_estimators=24, max_depth=3, random_state=1)):
        what = type(model).__name__
        path = os.path.join(folder, what + ".json")
        model.fit(x, y_hard)
        space["dump"](model, names, path)
        status, out, err = run("learn", "model", path)
        moved = re.search(r"move one by at most ([0-9.]+)", out)
        ok(status == 0 and "form       scikit-learn" in out and moved, what + ": is read", out + err)
        if not moved:
            continue
        want = model.predict_proba(x)[:, 1]
        got = np.array([float(r["score"]) for r in features_of(capture, "--model", path)])
        most = np.abs(want - got).max()
        ok(most <= float(moved.group(1)) + 2e-6 and len(set(got)) > 10,
           "%s: %d scores of %d packets are those of scikit-learn, but for %.6f; said was %s" % (what, len(set(got)), len(got), most, moved.group(1)))
        own = os.path.join(folder, "own.json")
        status, out, err = run("learn", "model", path, "-o", own)
        again = [r["score"] for r in features_of(capture, "--model", own)]
        ok(status == 0 and again == ["%.6f" % s for s in got], what + ": the same from weir's own form", err)


# ---- ONNX ----


def onnx_of(onnx, trees, names, **more):
    """An ONNX model of scikit-learn's trees as its converters write one: of each leaf what both classes, or one number, are worth."""
    kind = more.pop("kind", "TreeEnsembleClassifier")
    what = "class" if kind.endswith("Classifier") else "target"
    a = {k: [] for k in ("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
                         what + "_treeids", what + "_nodeids", what + "_ids", what + "_weights")}
    for n, (tree, worth) in enumerate(trees):
        for i in range(tree.node_count):
            leaf = tree.children_left[i] < 0
            for key, v in (("nodes_treeids", n), ("nodes_nodeids", i), ("nodes_featureids", 0 if leaf else int(tree.feature[i])),
                           ("nodes_values", 0.0 if leaf else float(tree.threshold[i])), ("nodes_modes", "LEAF" if leaf else "BRANCH_LEQ"),
                           ("nodes_truenodeids", 0 if leaf else int(tree.children_left[i])), ("nodes_falsenodeids", 0 if leaf else int(tree.children_right[i]))):
                a[key].append(v)
            for k, w in enumerate(worth(i)) if leaf else ():
                for key, v in (("_treeids", n), ("_nodeids", i), ("_ids", k), ("_weights", float(w))):
                    a[what + key].append(v)
    a.update(more)
    if what == "class":
        a["classlabels_int64s"] = [0, 1]
    node = onnx.helper.make_node(kind, ["x"], ["label", "p"] if what == "class" else ["y"], domain="ai.onnx.ml", **a)
    ml = [node] + ([onnx.helper.make_node("ZipMap", ["p"], ["z"], domain="ai.onnx.ml")] if what == "class" else [])
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None, len(names)])
    y = onnx.helper.make_tensor_value_info("label" if what == "class" else "y", onnx.TensorProto.INT64 if what == "class" else onnx.TensorProto.FLOAT, [None])
    m = onnx.helper.make_model(onnx.helper.make_graph(ml, "g", [x], [y]), opset_imports=[onnx.helper.make_opsetid("ai.onnx.ml", 2), onnx.helper.make_opsetid("", 13)])
    onnx.checker.check_model(m)
    onnx.helper.set_model_props(m, {"weir_features": ",".join(names)})
    return m


def onnx_models(folder, capture):
    try:
        import numpy as np
        import onnx
        from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
        from sklearn.tree import DecisionTreeRegressor
    except ImportError as e:
        skip("ONNX: %s" % e)
        return
    rows = features_of(capture)
    names = [n for n in rows[0] if n != "label"][::-1]
    x = np.array([[float(r[n]) for n in names] for r in rows])
    y = np.array([int(r["label"]) for r in rows]) ^ (np.random.RandomState(3).rand(len(rows)) < 0.2)
    forest = RandomForestClassifier(n_estimators=16, max_depth=6, random_state=1).fit(x, y)
    boosted = GradientBoostingClassifier(n_estimators=24, max_depth=3, random_state=1).fit(x, y)
    one = DecisionTreeRegressor(max_depth=7, random_state=1).fit(x, y)
    share = [(e.tree_, lambda i, t=e.tree_: t.value[i, 0] / t.value[i, 0].sum() / 16) for e in forest.estimators_]
    base = float(boosted._raw_predict_init(np.zeros((1, len(names))))[0, 0])
    steps = [(e.tree_, lambda i, t=e.tree_: [0.1 * t.value[i, 0, 0]]) for e in boosted.estimators_[:, 0]]
    both = [(t, lambda i, f=f: [-f(i)[0] / 2, f(i)[0] / 2]) for t, f in steps]
    path = os.path.join(folder, "m.onnx")
    for what, m, want in (
            ("a forest", onnx_of(onnx, share, names), forest.predict_proba(x)[:, 1]),
            ("boosted trees", onnx_of(onnx, steps, names, post_transform="LOGISTIC", base_values=[base]), boosted.predict_proba(x)[:, 1]),
            ("with SOFTMAX", onnx_of(onnx, both, names, post_transform="SOFTMAX", base_values=[-base / 2, base / 2]), boosted.predict_proba(x)[:, 1]),
            ("a regressor, an average", onnx_of(onnx, [(one.tree_, lambda i: [one.tree_.value[i, 0, 0]])] * 2, names, kind="TreeEnsembleRegressor", n_targets=1,
                                                aggregate_function="AVERAGE"), one.predict(x))):
        onnx.save(m, path)
        status, out, err = run("learn", "model", path)
        moved = re.search(r"move one by at most ([0-9.]+)", out)
        got = np.array([float(r["score"]) for r in features_of(capture, "--model", path)]) if moved else np.array([])
        most = np.abs(want - got).max() if moved else 1
        ok(status == 0 and moved and "form       ONNX" in out and most <= float(moved.group(1)) + 2e-6 and len(set(got)) > 10,
           "ONNX, %s: scores are those of scikit-learn, but for %.6f" % (what, most), out + err)
    wrong_onnx(onnx, folder, share, names)


def wrong_onnx(onnx, folder, share, names):
    path, bad = os.path.join(folder, "wrong.onnx"), []
    node = {a.name: a for a in onnx_of(onnx, share, names).graph.node[0].attribute}

    def change(key=None, i=None, v=None, **props):
        m = onnx_of(onnx, share, names)
        at = {a.name: a for a in m.graph.node[0].attribute}
        if key:
            field = {onnx.AttributeProto.INTS: "ints", onnx.AttributeProto.FLOATS: "floats", onnx.AttributeProto.STRINGS: "strings"}[at[key].type]
            del getattr(at[key], field)[i:i + 1]
            if v is not None:
                getattr(at[key], field).insert(i, v)
        if props:
            onnx.helper.set_model_props(m, props)
        return m

    def nodes(*ops):
        m = onnx_of(onnx, share, names)
        del m.graph.node[0]
        m.graph.node.extend(onnx.helper.make_node(op, ["x"], ["y"]) for op in ops)
        return m

    def said(**more):
        return onnx_of(onnx, share, names, **more)

    root = [i for i, m in enumerate(node["nodes_modes"].strings) if m != b"LEAF"][0]
    whole = onnx_of(onnx, share, names).SerializeToString()
    cases = [(whole[:-7], "no ONNX that can be read"), (whole[:len(whole) // 2], "no ONNX that can be read"), (b"\x08", "no ONNX"), (b"\x08" + b"\xff" * 99, "no ONNX"),
             (b"\x08\x07", "no tree ensemble is in it"), (nodes(), "no tree ensemble"), (nodes("Scaler"), "only tree ensembles"),
             (change("nodes_values", 0), "'nodes_values' has to be a list"), (change("class_weights", 3), "'class_weights' has to be a list"),
             (change("nodes_modes", root, b"BRANCH_EQ"), "a question that is none of"), (change("nodes_featureids", root, 32), "column 32 is asked about"),
             (change("nodes_truenodeids", root, 9999), "a child that is not there"), (change("nodes_truenodeids", root, 2), "a child of two nodes"),
             (change("nodes_nodeids", 1, 0), "a node that is there twice"), (change("nodes_values", root, float("nan")), "a bound that is no number"),
             (change("class_nodeids", 0, 0), "what a leaf is worth that is not there"), (change("class_ids", 0, 2), "a leaf of a class that is not there"),
             (change("class_weights", 1, float("inf")), "a leaf that is no number"), (change(weir_features="length,size"), "'size' is no feature of packets"),
             (change(weir_features=""), "'' is no feature"), (said(post_transform="PROBIT"), "'post_transform'"), (said(base_values=[0.5, float("nan")]), "'base_values'"),
             (onnx_of(onnx, share * 3, names), "more than 32 trees")]
    for what, want in cases:
        with open(path, "wb") as f:
            f.write(what if isinstance(what, bytes) else what.SerializeToString())
        status, out, err = run("learn", "model", path)
        if status != 2 or want not in err or err.count("\n") > 1:
            bad.append("%d %s%s, wanted %s" % (status, out, err, want))
    ok(not bad, "ONNX: %d wrong files: a line that says what is wrong, status 2" % len(cases), "\n".join(bad))


# ---- LightGBM, by hand ----

LIGHTGBM = {"objective": "binary sigmoid:1", "num_class": 1, "num_tree_per_iteration": 1, "average_output": False,
            "feature_names": ["length", "window"],
            "tree_info": [{"tree_structure": {"split_feature": 0, "threshold": 100.5, "decision_type": "<=", "missing_type": "None",
                                              "left_child": {"leaf_value": -2.0}, "right_child": {"leaf_value": 1.5}}},
                          {"tree_structure": {"split_feature": 1, "threshold": 512.0, "decision_type": "<=", "missing_type": "None",
                                              "left_child": {"leaf_value": 0.5}, "right_child": {"leaf_value": -0.25}}}]}


def lightgbm(folder, capture):
    path = os.path.join(folder, "lightgbm.json")
    with open(path, "w") as f:
        json.dump(LIGHTGBM, f)
    worst = 0
    rows = features_of(capture, "--model", path)
    for r in rows:
        raw = (-2.0 if int(r["length"]) <= 100 else 1.5) + (0.5 if int(r["window"]) <= 512 else -0.25)
        worst = max(worst, abs(float(r["score"]) - 1 / (1 + 2.718281828459045 ** -raw)))
    ok(worst < 0.0001 and len({r["score"] for r in rows}) == 4, "LightGBM: scores are its own", worst)


# ---- wrong files ----

OWN = {"weir_model": 1, "link": "plain", "base": 0, "scale": 32767, "trees": [[["length", 100, 1, 2], [0], [32767]]]}


def tree(nodes):
    return dict(OWN, trees=[nodes])


def sk(**change):
    one = {"children_left": [1, -1, -1], "children_right": [2, -1, -1], "feature": [0, -2, -2], "threshold": [1.5, -2, -2], "value": [0.5, 0, 1]}
    one.update(change)
    return {"sklearn_model": "forest", "features": ["length"], "trees": [one]}


def lgb(**change):
    at = json.loads(json.dumps(LIGHTGBM))
    for key, value in change.items():
        (at if key in at else at["tree_info"][0]["tree_structure"])[key] = value
    return at


def chain(n):
    nodes = []
    for i in range(n):
        nodes += [["length", 1000 - i, 2 * i + 2, 2 * i + 1], [i]]
    return nodes + [[7]]


WRONG = [
    ("", "no JSON that can be read"),
    ("[1, 2", "line 1, column 5: no JSON"),
    ("[]", "is no model"),
    ("{\"secret\": 1}", "is no model"),
    ("{\"weir_model\":1,\"weir_model\":1}", "no JSON"),
    ("[" * 100000, "no JSON"),
    (dict(OWN, weir_model=2), "form 2 of weir's models; this weir reads 1"),
    (dict(OWN, link="cubic"), "'link' has to be"),
    (dict(OWN, scale=0), "'scale' has to be above 0"),
    (dict(OWN, base="0"), "'base' has to be a number"),
    (dict(OWN, trees=[]), "no tree is in it"),
    (dict(OWN, trees={}), "no tree is in it"),
    (dict(OWN, trees=[[[1]]] * 33), "more than 32 trees"),
    (tree([]), "tree 1: has to be a list of nodes"),
    (tree([["lenght", 1, 1, 2], [0], [1]]), "'lenght' is no feature of packets: is 'length' meant?"),
    (tree([["length", -1, 1, 2], [0], [1]]), "a bound is a whole number"),
    (tree([["length", 1.5, 1, 2], [0], [1]]), "a bound is a whole number"),
    (tree([["length", 1, 1, 3], [0], [1]]), "a child that is not there"),
    (tree([["length", 1, 0, 1], [1]]), "more than 9 questions one after another"),
    (tree([["length", 1, 1, 2], ["ttl", 5, 0, 2], [1]]), "more than 9 questions one after another"),
    (tree(chain(10)), "more than 9 questions one after another"),
    (tree([[32768]]), "[LEAF] from 0 to 32767"),
    (tree([[-1]]), "[LEAF] from 0 to 32767"),
    (tree([["length", 1, 1]]), "a node is [FEATURE, BOUND, LEFT, RIGHT]"),
    (tree([["length", 16777216, 1, 1], [1]] + [[0]] * 70000), "more than 65536 nodes"),
    (tree([["length", 1000, 1, 1]] + [["length", 1000 - i, i + 1, i + 1] for i in range(1, 9)] + [[1]]), None),
    (sk(), None),
    (dict(sk(), sklearn_model="svm"), "'sklearn_model' has to be"),
    (dict(sk(), features=["x1"]), "'x1' is no feature of packets"),
    (dict(sk(), features=[]), "the names of 1 to 32 features"),
    (sk(value=[0.5, 0]), "'value' has to be a list, as long as the others"),
    (sk(threshold=[None, 0, 0]), "'threshold' has what is no number"),
    (sk(feature=[1, -2, -2]), "a feature without a name"),
    (sk(children_right=[3, -1, -1]), "a child that is not there"),
    (sk(children_left=[0, -1, -1]), "more than 9 questions"),
    (sk(value=[0.5, 1e9, 1]), "a leaf that is no number"),
    (lgb(), None),
    (lgb(objective="regression"), "objective=binary is read"),
    (lgb(num_class=3), "more than two classes"),
    (lgb(average_output=True), "boosting=rf is not read"),
    (lgb(decision_type="=="), "not of the form '<='"),
    (lgb(missing_type="Zero"), "train without zero_as_missing"),
    (lgb(left_child={}), "'leaf_value' has to be a number"),
    (lgb(feature_names=["length"]), "a feature without a name in 'feature_names'"),
]


def wrong(folder):
    path = os.path.join(folder, "wrong.json")
    bad = []
    for what, want in WRONG:
        with open(path, "w") as f:
            f.write(what if isinstance(what, str) else json.dumps(what))
        status, out, err = run("learn", "model", path)
        if (status, want is None) not in ((0, True), (2, False)) or (want and (want not in err or "secret" in err)) or err.count("\n") > 1:
            bad.append("%.100s: %d %s%s, wanted %s" % (what, status, out, err, want))
    ok(not bad, "%d files, right and wrong: a line that says what is wrong, status 2" % len(WRONG), "\n".join(bad))
    status, out, err = run("learn", "model", "/nowhere/m.json")
    ok(status == 2 and "/nowhere/m.json: No such file" in err, "a file that is not there", err)
    with open(path, "wb") as f:
        f.truncate(9 << 20)
    status, out, err = run("learn", "model", path)
    ok(status == 2 and "larger than 8 MiB" in err, "a file that is too large", err)


# ---- a policy that asks ----


def policy(folder):
    model, path = os.path.join(folder, "m.json"), os.path.join(folder, "p.policy")
    nodes = [["length", 100, 1, 2], [3276], [30801]]  # 0.1 and 0.94
    with open(model, "w") as f:
        json.dump(tree(nodes), f)
    text = ("model flood = file \"%s\"\nlong: limit 10kpps to udp/53 score flood over 0.95\nbig: drop to udp score flood over 0.9\n"
            "all: drop any score flood over 0.05 shadow\n" % model)
    with open(path, "w") as f:
        f.write(text)
    status, out, err = run("policy", "print", path)
    ok(status == 0 and out == text, "printed as it was written", out + err)
    packet = "udp 203.0.113.7:5555 > 10.0.0.5:53 len %d"
    status, out, err = run("why", "--json", "--all", "--policy", path, packet % 200)
    got = json.loads(out or "{}")
    told = [d["text"] for r in got.get("rules", []) for d in r.get("differs", [])]
    ok(status == 0 and got["rule"] == "big" and told == ["its score by flood is 0.9400, not over 0.95"],
       "weir why: the score of a long packet, and what decides", out + err)
    status, out, err = run("why", "--json", "--all", "--policy", path, packet % 100)
    got = json.loads(out or "{}")
    ok(status == 0 and got["verdict"] == "pass" and [d["clause"] for r in got["rules"] for d in r.get("differs", [])] == ["score", "score"]
       and [r["role"] for r in got["rules"] if r["rule"] == "all"] == ["shadow"], "of a short one", out + err)
    for line, want in (("drop score flood over 0.9", "says not for what it is"), ("drop any score flod over 0.9", "did you mean 'flood'?"),
                       ("drop any score flood 0.9", "expected over"), ("drop any score flood over 1", "a number from 0 to 0.999"),
                       ("drop any score flood over 0.9999", "a number from 0 to 0.999"), ("drop any score flood over .5", "a number from 0 to 0.999"),
                       ("cookies to tcp/443 score flood over 0.9", "does not go with cookies"),
                       ("model flood = file \"%s\"" % model, "there is a model of that name in line 1")):
        with open(path, "w") as f:
            f.write(text + line + "\n")
        status, out, err = run("policy", "check", path)
        ok(status == 2 and want in err and ":5:" in err, line.replace(model, "m.json"), err)
    with open(model, "w") as f:
        f.write("{}")
    status, out, err = run("policy", "check", path)
    ok(status == 2 and ":1:20: '\"%s\"': %s: is no model" % (model, model) in err, "a model that is none is told where it is named", err)


# ---- training ----


def train(folder, capture):
    one, two, other = (os.path.join(folder, n) for n in ("one.json", "two.json", "other.json"))
    status, out, err = run("learn", "train", capture, "-o", one)
    held = re.search(r"held out, over 0.5: ([0-9.]+) % of (\d+) of attacks, ([0-9.]+) % of (\d+) usual", out)
    ok(status == 0 and held and float(held.group(1)) > 95 and float(held.group(3)) < 5 and int(held.group(2)) > 50 and int(held.group(4)) > 50,
       "what can be told apart is learned, also on what was held out", out + err)
    ok("sport" not in out.rpartition("asks about")[2] and "ttl" not in out.rpartition("asks about")[2], "ports and TTL are not asked about", out)
    again = os.path.join(folder, "again.pcap")
    write_capture(again, 99)
    rows = features_of(again, "--model", one)
    right = sum((float(r["score"]) > 0.5) == (r["label"] == "1") for r in rows) / len(rows)
    ok(right > 0.95, "another capture of the kind: %.2f %% right" % (100 * right))
    run("learn", "train", capture, "-o", two)
    run("learn", "train", capture, "-o", other, "--seed", "7")
    texts = [open(p).read() for p in (one, two, other)]
    ok(texts[0] == texts[1] and texts[0] != texts[2], "the same seed makes the same file, another one another")
    status, out, err = run("learn", "train", capture, "-o", one, "--with", "flow,source", "--seed", "2")
    ok(status == 0 and re.search(r"asks about .*(flow|source)_", out), "asks about flows and sources when it is told to", out + err)
    ok("to count flows and sources 25 to 115 ns more" in out, "and tells that this costs more", out)
    status, out, err = run("learn", "train", capture, "-o", one, "--trees", "3", "--levels", "2", "--with", "ttl,dport")
    ok(status == 0 and "trees      3, up to 2 questions" in out, "so many trees and questions", out + err)
    ok("costs      at most 6 questions on the way through all trees\n" in out, "what it costs is within 40 ns", out)
    wide = {"weir_model": 1, "link": "plain", "base": 0, "scale": 65534, "trees": [[[("ttl", "length")[t % 2], 9, 1, 2], [1], ["df", 0, 3, 4], [2], [3]] for t in range(15)]}
    with open(other, "w") as f:
        json.dump(wide, f)
    status, out, err = run("learn", "model", other)
    ok("at most 30 questions on the way through all trees; packets unlike each other cost about 56 ns each\n" in out, "and what is not is told", out + err)
    for args, want in (([capture], "into which file?"), (["-o", one], "which labelled captures?"), ([capture, "-o", one, "--with", "size"], "--with size: no feature"),
                       (["/nowhere.pcap", "-o", one], "/nowhere")):
        status, out, err = run("learn", "train", *args)
        ok(status == 2 and want in err, "train: " + want, err)


def own_labels(folder):
    """Two minutes of clients, in the second of them a flood of UDP for ten seconds: what weir keeps out of it is what it learns from."""
    rnd, path, model = random.Random(4), os.path.join(folder, "plain.pcap"), os.path.join(folder, "mine.json")
    quiet = os.path.join(folder, "quiet.pcap")
    times = [(i * 0.02, False) for i in range(6000)] + [(90 + i / 1500, True) for i in range(15000)]
    for name, floods in ((path, True), (quiet, False)):
        with open(name, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for t, attack in sorted(times):
                if attack and not floods:
                    continue
                port = 40000 + rnd.randrange(9)
                body = (struct.pack("!HHHH", 1900, 443, 308, 0) + bytes(300) if attack else
                        struct.pack("!HHIIBBHHH", port, 443, 0, 0, 5 << 4, 24, 512, 0, 0) + bytes(rnd.randrange(200)))
                head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 17 if attack else 6, 0,
                                   bytes([198, 18, 0, rnd.randrange(1, 5)] if attack else [192, 0, 2, rnd.randrange(10, 60)]), bytes([192, 0, 2, 1]))
                data = bytes(12) + b"\x08\x00" + head + body
                f.write(struct.pack("<IIII", 1000000000 + int(t), int(t % 1 * 1000000), len(data), len(data)) + data)
    status, out, err = run("learn", "train", "--self", path, "-o", model)
    n = re.search(r"learned from (\d+) packets of attacks of \d+ and (\d+) usual", out)
    rows = features_of(path, "--model", model) if status == 0 else []
    right = sum((float(r["score"]) > 0.5) == (r["proto"] == "17") for r in rows) / max(1, len(rows))
    ok(status == 0 and n and int(n.group(1)) > 2000 and int(n.group(2)) > 1000 and right > 0.99,
       "without labels: a flood that weir finds and keeps out, %.4f of all packets are told right" % right, out + err)
    nowhere = os.path.join(folder, "none.json")
    status, out, err = run("learn", "train", "--self", quiet, "-o", nowhere)
    ok(status == 2 and "keeps nothing out" in err and not os.path.exists(nowhere), "where nothing is found it says so", out + err)
    status, out, err = run("learn", "train", "--self", "-", "-o", nowhere)
    ok(status == 2 and "is read twice" in err, "standard input cannot be read twice", out + err)


def main():
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "flood.pcap")
        write_capture(capture, 5)
        status, out, err = run("learn", "features", "--list")
        with open(os.path.join(root, "docs", "model.md")) as f:
            docs = f.read()
        missing = [line.split()[0] for line in out.splitlines() if "`%s`" % line.split()[0] not in docs]
        ok(status == 0 and len(out.splitlines()) > 20 and not missing, "docs/model.md has every feature", missing)
        traffic(folder)
        sklearn(folder, capture)
        onnx_models(folder, capture)
        lightgbm(folder, capture)
        wrong(folder)
        policy(folder)
        train(folder, capture)
        own_labels(folder)
    print("1..%d" % count)
    return failed > 0


raise SystemExit(main())
