"""Compares a trained network with its exported PyTorch module: the probabilities that `tamis predict` gives and the module's.

Run, in an environment that has PyTorch, from the repository's root:

    cargo build --release
    python bench/pytorch/check_export.py RUN FOLDER [--images 100] [--tamis target/release/tamis]

RUN is the folder of a finished `tamis train` on grey images, FOLDER one with MNIST's or Fashion-MNIST's test images as
`t10k-images-idx3-ubyte.gz`. The images are written as PNG files for `tamis predict`; the module, exported with
`--normalize`, is given their pixels. Prints the largest difference of a probability and in how many images the likeliest
class is the same; ends with 1 if the difference is above 1e-4.
"""

import argparse
import gzip
import importlib.util
import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

IMAGES = "t10k-images-idx3-ubyte.gz"
HEADER = 16  # bytes: a magic number, the number of images, rows, columns
MOST_DIFFERENCE = 1e-4


def read_images(folder: Path, count: int) -> Tensor:
    """The first images, `[image, 1, row, column]`, bytes."""
    with gzip.open(folder / IMAGES) as file:
        content = bytearray(file.read())
    images, rows, columns = struct.unpack(">III", content[4:HEADER])
    pixels = torch.frombuffer(content, dtype=torch.uint8, offset=HEADER)
    return pixels.reshape(images, 1, rows, columns)[:count]


def write_png(path: Path, image: Tensor) -> None:
    """A grey image as a PNG file, without a library."""
    rows, columns = image.shape

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)  # eight bits, grey
    lines = b"".join(b"\0" + bytes(line.tolist()) for line in image)  # each line without a filter
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def by_tamis(tamis: Path, run: Path, images: Tensor, classes: list[str], folder: Path) -> Tensor:
    """Probabilities that `tamis predict` gives, `[image, class]`."""
    folder.mkdir()
    for number, image in enumerate(images):
        write_png(folder / f"{number:05}.png", image[0])
    command = [tamis, "predict", run, folder, "--format", "json", "--top", str(len(classes))]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    probabilities = torch.zeros(len(images), len(classes), dtype=torch.float64)
    for line in map(json.loads, printed.splitlines()):
        for answer in line["classes"]:
            probabilities[int(Path(line["file"]).stem), classes.index(answer["class"])] = answer["probability"]
    return probabilities


def exported(tamis: Path, run: Path, folder: Path) -> tuple[ModuleType, Path]:
    """The module of a network, imported, and the file of its tensors."""
    path = folder / "network.py"
    subprocess.run([tamis, "export", run, "--to", "pytorch", "--normalize", "--out", path], check=True)
    specification = importlib.util.spec_from_file_location("network", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module, path.with_suffix(".safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--tamis", type=Path, default=Path("target/release/tamis"))
    arguments = parser.parse_args()
    images = read_images(arguments.folder, arguments.images)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        module, tensors = exported(arguments.tamis, arguments.run, folder)
        with torch.no_grad():
            own = module.load(str(tensors))(images.float()).double().softmax(dim=1)
        classes = list(module.CLASSES)
        told = by_tamis(arguments.tamis, arguments.run, images, classes, folder / "images")
    most = (own - told).abs().max().item()
    same = (own.argmax(dim=1) == told.argmax(dim=1)).sum().item()
    print(f"{len(images)} images: probabilities differ by at most {most:.1e}, the likeliest class is the same in {same}")
    sys.exit(most > MOST_DIFFERENCE)


if __name__ == "__main__":
    main()
