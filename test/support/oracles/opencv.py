"""Runs a network with OpenCV on .npy inputs: opencv.py OUT_DIR NAME=x.npy... -- [--tf|--caffe] FILES... -- OUTPUT..."""
import sys

import cv2
import numpy

args = sys.argv[1:]
out_dir, rest = args[0], args[1:]
first = rest.index("--")
second = rest.index("--", first + 1)
inputs = [a.split("=", 1) for a in rest[:first]]
kind, *files = rest[first + 1 : second]
outputs = rest[second + 1 :]
net = cv2.dnn.readNetFromTensorflow(*files) if kind == "--tf" else cv2.dnn.readNetFromCaffe(*files)
net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
for name, path in inputs:
    net.setInput(numpy.load(path), name)
results = net.forward(outputs) if outputs else [net.forward()]
for i, value in enumerate(results):
    numpy.save(f"{out_dir}/{i}.npy", numpy.ascontiguousarray(value))
