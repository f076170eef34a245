"""Neural architecture search on the images that matter, and the choice of these images alone.

* :func:`select` chooses samples by scores, labels or embeddings; :class:`Policy` chooses anew every epoch.
* :func:`score` and :func:`embeddings` make scores and embeddings of images; :class:`FurthestNeighbours` looks in them.
* :func:`search` finds an architecture, :func:`train` trains it, :func:`compare` compares policies; a :class:`Run` is
  what is in the folder of either, the program's or this package's.
"""

from importlib.metadata import version as _version

from tamis._errors import DataError, Error, InUseError, RunError, SettingError
from tamis._furthest import FurthestNeighbours
from tamis._policy import Plan, Policy
from tamis._runs import Genotype, Run, compare, embeddings, resume, score, search, train
from tamis._select import select
from tamis._tamis import use_threads

__version__ = _version("tamis")

__all__ = [
    "DataError",
    "Error",
    "FurthestNeighbours",
    "Genotype",
    "InUseError",
    "Plan",
    "Policy",
    "Run",
    "RunError",
    "SettingError",
    "compare",
    "embeddings",
    "resume",
    "score",
    "search",
    "select",
    "train",
    "use_threads",
]
