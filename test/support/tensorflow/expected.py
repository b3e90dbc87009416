"""Runs graphs with TensorFlow: expected.py FOLDER, which holds NAME.pb and NAME.json {inputs: {name: [dtype, shape,
numbers]}, outputs: [names]}. Prints {NAME: {output: [shape, numbers]}} as JSON. tests/importers/tensorflow keeps the answer."""
import glob
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import tensorflow

answers = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.pb"))):
    case = json.load(open(path[:-3] + ".json"))
    definition = tensorflow.compat.v1.GraphDef()
    definition.ParseFromString(open(path, "rb").read())
    with tensorflow.Graph().as_default() as graph:
        tensorflow.import_graph_def(definition, name="")
    feeds = {f"{k}:0": numpy.array(v[2], v[0]).reshape(v[1]) for k, v in case["inputs"].items()}
    with tensorflow.compat.v1.Session(graph=graph) as session:
        values = session.run([f"{o}:0" for o in case["outputs"]], feeds)
    answers[os.path.basename(path)[:-3]] = {
        o: [list(v.shape), [float(f"{x:.7g}") for x in v.astype(numpy.float64).flatten()]] for o, v in zip(case["outputs"], values)
    }
print("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in answers.items()) + "\n}")
