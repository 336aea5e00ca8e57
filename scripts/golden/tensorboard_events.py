"""Makes and checks TensorBoard events.

    python scripts/golden/tensorboard_events.py            prints an event file by TensorBoard's own messages as base64, for
                                                    TensorBoardTests.swift
    python scripts/golden/tensorboard_events.py RUN        checks the events of a run and its stages against its other files, as
                                                    TensorBoard's own reader shows them

Needs tensorboard.
"""

import base64
import json
import math
import struct
import sys
import zlib
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c


def png():
    """An image of three by two pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes(range(9 * y, 9 * y + 9)) for y in range(2))
    header = struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def golden():
    value = summary_pb2.Summary.Value
    text = value(
        tag="recipe",
        metadata=summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text")),
        tensor=tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING,
            tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]),
            string_val=["    name: ü".encode()],
        ),
    )
    image = summary_pb2.Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=png())
    scalars = [
        value(tag="loss/contrastive", simple_value=1.5),
        value(tag="training/skipped", simple_value=0),
        value(tag="logits/real", simple_value=float("nan")),
    ]
    events = [
        event_pb2.Event(wall_time=1764147965.25, file_version="brain.Event:2"),
        event_pb2.Event(
            wall_time=1764147965.25, step=1, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        ),
        event_pb2.Event(wall_time=1764147965.25, step=1, summary=summary_pb2.Summary(value=[text])),
        event_pb2.Event(
            wall_time=1764147966.5,
            summary=summary_pb2.Summary(value=[value(tag="samples/reals", image=image)]),
        ),
        event_pb2.Event(wall_time=1764147967.0, step=400_000, summary=summary_pb2.Summary(value=scalars)),
    ]
    for event in events:
        message = event.SerializeToString(deterministic=True)
        length = struct.pack("<Q", len(message))
        yield length + struct.pack("<I", masked_crc32c(length)) + message + struct.pack("<I", masked_crc32c(message))


def rows(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def statistic(name):
    group, dot, rest = name.partition(".")
    return f"{group}/{rest}" if dot else f"training/{name}"


def recalls(row):
    for rank in row["recall"]["ranks"]:
        yield f"retrieval/image_to_text.R@{rank['rank']}", rank["imageToText"]
        yield f"retrieval/text_to_image.R@{rank['rank']}", rank["textToImage"]


def expected_scalars(run):
    """The points of each tag, from the files of the run."""
    points = {}
    for row in rows(run / "stats.jsonl"):
        for name, value in row.items():
            if name != "images":
                points.setdefault(statistic(name), []).append((row["images"], value))
    for row in rows(run / "evaluation.jsonl"):
        for name, value in row.items():
            if name not in ("images", "count"):
                points.setdefault(f"evaluation/{name}", []).append((row["images"], value))
    for row in rows(run / "retrieval.jsonl"):
        for tag, value in recalls(row):
            points.setdefault(tag, []).append((row["images"], value))
    return points


def check(run):
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    events.Reload()
    expected = expected_scalars(run)
    assert sorted(events.Tags()["scalars"]) == sorted(expected), (events.Tags()["scalars"], sorted(expected))
    for tag, points in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert [step for step, _ in found] == [step for step, _ in points], (tag, found, points)
        for (_, a), (_, b) in zip(found, points):
            assert math.isnan(a) if b is None else math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-30), (tag, a, b)
    images = {}
    for tag in events.Tags()["images"]:
        for event in events.Images(tag):
            assert event.encoded_image_string.startswith(b"\x89PNG\r\n\x1a\n"), tag
            assert struct.unpack(">II", event.encoded_image_string[16:24]) == (event.width, event.height), tag
            images.setdefault(tag, []).append((event.step, event.encoded_image_string))
    grids = sorted(run.glob("fakes-*.png"))
    assert images.get("samples/fakes", []) == [(int(g.stem.split("-")[1]), g.read_bytes()) for g in grids]
    reals = [(0, (run / "reals.png").read_bytes())] if (run / "reals.png").exists() else []
    assert images.get("samples/reals", []) == reals
    text = events.Tensors("recipe")[-1].tensor_proto.string_val[0].decode()
    recipe = (run / "recipe.yaml").read_text()
    assert text == "\n".join("    " + line for line in recipe.split("\n")), text
    print(f"{run}: {len(expected)} tags of scalars, {sum(map(len, images.values()))} images: as in the run's files")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(base64.b64encode(b"".join(golden())).decode())
    else:
        run = Path(sys.argv[1])
        for stage in [run, *(folder for folder in run.iterdir() if (folder / "recipe.yaml").exists())]:
            check(stage)
