"""Writes the same 200 images in every layout, each with the Python library that owns it.

    python bench/layouts/make.py crates/tamis-data/tests/layouts

160 training and 40 test images of 32 x 32 pixels in the ten classes of CIFAR-10, drawn with few colours so that every
format holds them without loss and the files stay small. Images are in the order of their classes, which is that of
ImageFolder, so that every layout has the same samples under the same ids. What a library reads again is what it was
given, or the script ends with an error. Everything is packed with gzip; the tests unpack it.

* `cifar-10-batches-py/`, `cifar-100-python/`: pickles of protocol 2 as Python 2 and NumPy 1 wrote the archives, that
  is with the opcodes of these, read again by `pickle.load(..., encoding="latin1")` as torchvision does
* `keras.npz`, `medmnist.npz`: `numpy.savez_compressed` and `numpy.savez`
* `huggingface/`: `datasets.Dataset.to_parquet` with the images in the shards
* `webdataset/`: `webdataset.TarWriter`, labels as `.cls` in the training split and in `.json` in the test split
* `folder.tar`: an image folder, saved by Pillow in PNG, BMP, GIF, TIFF and WebP in turns
"""

import gzip
import io
import json
import pickle
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import datasets
import numpy as np
import webdataset
from PIL import Image

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
FORMATS = ["png", "bmp", "gif", "tif", "webp"]
BATCHES = 5


def draw(number):
    """An image of four colours: blocks of 4 x 4 pixels, no two images alike."""
    draws = np.random.Generator(np.random.PCG64(number))
    colours = draws.integers(0, 256, (4, 3), dtype=np.uint8)
    blocks = draws.integers(0, 4, (8, 8))
    return colours[np.kron(blocks, np.ones((4, 4), dtype=int))]


def split(first, count):
    images = np.stack([draw(first + number) for number in range(count)])
    labels = np.arange(count) * len(CLASSES) // count
    return images, labels


def encoded(image, ending):
    content = io.BytesIO()
    options = {"lossless": True} if ending == "webp" else {}
    if ending == "tif":
        options = {"compression": "tiff_lzw"}
    picture = Image.fromarray(image)
    if ending == "gif":
        picture = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    picture.save(content, {"tif": "TIFF"}.get(ending, ending.upper()), **options)
    again = np.asarray(Image.open(io.BytesIO(content.getvalue())).convert("RGB"))
    assert np.array_equal(again, image), ending
    return content.getvalue()


class Python2Pickler(pickle._Pickler):
    """Writes texts and arrays with the opcodes that Python 2 and NumPy 1 wrote."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_text(self, text):
        text = text.encode("latin1") if isinstance(text, str) else text
        if len(text) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(text)]) + text)
        else:
            self.write(pickle.BINSTRING + len(text).to_bytes(4, "little") + text)

    def save_str(self, text):
        self.save_text(text)
        self.memoize(text)

    def save_int(self, number):
        if 0 <= number < 256:
            self.write(pickle.BININT1 + bytes([number]))
        elif 0 <= number < 65536:
            self.write(pickle.BININT2 + number.to_bytes(2, "little"))
        else:
            self.write(pickle.BININT + number.to_bytes(4, "little", signed=True))

    dispatch[str] = save_str
    dispatch[int] = save_int

    def name(self, module, name):
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(Global())

    def save(self, item, *more):
        if isinstance(item, np.ndarray):
            return self.save_array(item)
        return super().save(item, *more)

    def save_array(self, array):
        assert array.dtype == np.uint8 and array.ndim == 2
        self.name("numpy.core.multiarray", "_reconstruct")
        self.name("numpy", "ndarray")
        self.save((0,))
        self.save("b")
        self.write(pickle.TUPLE3 + pickle.REDUCE)
        self.memoize(Global())
        self.write(pickle.MARK)
        self.save(1)
        self.save(array.shape)
        self.name("numpy", "dtype")
        for item in ("u1", 0, 1):
            self.save(item)
        self.write(pickle.TUPLE3 + pickle.REDUCE)
        self.memoize(Global())
        self.write(pickle.MARK)
        for item in (3, "|", None, None, None, -1, -1, 0):
            self.save(item)
        self.write(pickle.TUPLE + pickle.BUILD + pickle.NEWFALSE)
        self.save_text(array.tobytes())
        self.write(pickle.TUPLE + pickle.BUILD)


class Global:
    """Stands for something in the memo that nothing comes back to."""


def pickled(value):
    content = io.BytesIO()
    Python2Pickler(content, protocol=2).dump(value)
    again = pickle.loads(content.getvalue(), encoding="latin1")
    for key, item in value.items():
        assert np.array_equal(again[key], item), key
    return content.getvalue()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))


def rows(images):
    """Images as rows of the red, the green and the blue plane."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def batch(name, images, labels):
    files = [f"{CLASSES[label]}_s_{number:06}.png" for number, label in enumerate(labels)]
    return {"batch_label": name, "labels": labels.tolist(), "data": rows(images), "filenames": files}


def cifar_10(root, train, test):
    parts = zip(np.split(train[0], BATCHES), np.split(train[1], BATCHES))
    for number, (images, labels) in enumerate(parts, 1):
        content = batch(f"training batch {number} of {BATCHES}", images, labels)
        write(root / f"data_batch_{number}", pickled(content))
    write(root / "test_batch", pickled(batch("testing batch 1 of 1", *test)))
    about = {"num_cases_per_batch": len(train[0]) // BATCHES, "label_names": CLASSES, "num_vis": 3072}
    write(root / "batches.meta", pickled(about))


def cifar_100(root, train, test):
    for name, (images, labels) in [("train", train), ("test", test)]:
        content = batch(f"{name}ing batch 1 of 1", images, labels)
        content["fine_labels"] = content.pop("labels")
        content["coarse_labels"] = [19] * len(labels)
        write(root / name, pickled(content))
    fine = [f"fine {number:02}" for number in range(100)]
    coarse = [f"coarse {number:02}" for number in range(20)]
    write(root / "meta", pickled({"fine_label_names": fine, "coarse_label_names": coarse}))


def npz(root, train, test):
    content = io.BytesIO()
    keras = dict(x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    np.savez_compressed(content, **keras)
    write(root / "keras.npz", content.getvalue())
    content = io.BytesIO()
    column = lambda labels: labels.astype(np.uint8)[:, None]
    np.savez(content, train_images=train[0], train_labels=column(train[1]),
             val_images=test[0][:2], val_labels=column(test[1][:2]),
             test_images=test[0], test_labels=column(test[1]))
    write(root / "medmnist.npz", content.getvalue())


def table(images, labels):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES)})
    items = [{"bytes": encoded(image, "png"), "path": None} for image in images]
    return datasets.Dataset.from_dict({"image": items, "label": labels.tolist()}, features=features)


def huggingface(root, train, test):
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "data"
        place.mkdir()
        whole = table(*train)
        for number in range(2):
            shard = whole.shard(2, number, contiguous=True)
            shard.to_parquet(place / f"train-{number:05}-of-00002.parquet")
        table(*test).to_parquet(place / "test-00000-of-00001.parquet")
        again = datasets.load_dataset(scratch, cache_dir=str(Path(scratch) / "cache"))
        for name, (images, labels) in [("train", train), ("test", test)]:
            for row, image, label in zip(again[name], images, labels):
                assert np.array_equal(np.asarray(row["image"]), image) and row["label"] == label
        for file in place.iterdir():
            write(root / "data" / file.name, file.read_bytes())


def shard(samples):
    content = io.BytesIO()
    with webdataset.TarWriter(content, mtime=0) as writer:
        for sample in samples:
            writer.write(sample)
    return content.getvalue()


def web_dataset(root, train, test):
    samples = lambda images: [{"__key__": f"{number:06}", "png": encoded(image, "png")}
                              for number, image in enumerate(images)]
    with_class = [{**sample, "cls": int(label)} for sample, label in zip(samples(train[0]), train[1])]
    described = [{**sample, "json": {"label": int(label), "of": "test"}}
                 for sample, label in zip(samples(test[0]), test[1])]
    parts = [(f"train-{number:06}.tar", with_class[80 * number:80 * (number + 1)]) for number in range(2)]
    for name, part in [*parts, ("test-000000.tar", described)]:
        content = shard(part)
        write(root / name, content)
        with tempfile.NamedTemporaryFile(suffix=".tar") as file:
            file.write(content)
            file.flush()
            again = list(webdataset.WebDataset(file.name, shardshuffle=False))
        assert [sample["png"] for sample in again] == [sample["png"] for sample in part]
        labels = [sample["cls"] if "cls" in sample else json.loads(sample["json"])["label"] for sample in again]
        expected = [sample["cls"] if "cls" in sample else sample["json"]["label"] for sample in part]
        assert [int(label) for label in labels] == expected


def folder(path, train, test):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, (images, labels) in [("train", train), ("test", test)]:
            for number, (image, label) in enumerate(zip(images, labels)):
                ending = FORMATS[number % len(FORMATS)]
                picture = encoded(image, ending)
                entry = tarfile.TarInfo(f"{name}/{CLASSES[label]}/{number:04}.{ending}")
                entry.size = len(picture)
                archive.addfile(entry, io.BytesIO(picture))
    write(path, content.getvalue())


def main():
    root = Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    train, test = split(0, 160), split(160, 40)
    cifar_10(root / "cifar-10-batches-py", train, test)
    cifar_100(root / "cifar-100-python", train, test)
    npz(root, train, test)
    huggingface(root / "huggingface", train, test)
    web_dataset(root / "webdataset", train, test)
    folder(root / "folder.tar", train, test)


if __name__ == "__main__":
    main()
