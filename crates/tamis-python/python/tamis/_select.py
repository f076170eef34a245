"""Samples chosen once, by what is known of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis import _tamis
from tamis._arrays import array_of, classes, points, reals
from tamis._errors import SettingError

_SCORE_COLUMNS = ("score", "entropy", "el2n", "forgetting", "loss", "margin", "value")
_LABEL_COLUMNS = ("label", "class", "target", "labels")
_ID_COLUMNS = ("sample_id", "id", "index")


def select(
    policy: str,
    *,
    scores: Any = None,
    labels: Any = None,
    embeddings: Any = None,
    kind: str | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> npt.NDArray[np.int64]:
    """Choose samples by a policy, as ``tamis select`` does.

    Parameters
    ----------
    policy
        Such as ``"proxy:0.1"``: a tenth of the samples, or ``"random:500"``: 500 of them. ``a+b`` lets ``b`` choose
        among what ``a`` chose. ``tamis search --help`` lists all.
    scores
        One number a sample, in the order of ids, for policies that need scores: an array, a tensor, a column; or a
        table (Arrow, pandas) with the columns ``sample_id``, ``score`` and, if it has one, ``label``.
    labels
        One class a sample, numbers or names. Without labels all samples are taken for one class.
    embeddings
        ``[sample, dimension]``, for ``k-center`` and its like. Contiguous float32 is not copied.
    kind
        What the scores are scores of, such as ``"entropy"``: a policy that needs another kind refuses them.
    seed
        Names every random draw: the same seed, the same choice, here and in the program.
    settings
        Other settings, such as ``{"policy.k_center.distance": "cosine"}``.

    Returns
    -------
    numpy.ndarray
        Ids of the chosen samples, int64, ascending: positions in the order of what was given.

    Raises
    ------
    SettingError
        If the policy is not known, follows a search, or something that it needs is missing or does not fit.
    """
    given = known(scores, labels, embeddings, kind)
    ids, notes = _tamis.choose({**(settings or {}), "policy.name": policy, "seed": seed}, **given)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return ids


def known(scores: Any, labels: Any, embeddings: Any, kind: str | None) -> dict[str, Any]:
    """What is known of the samples, as the native half takes it."""
    if scores is not None and _is_table(scores):
        scores, of_table = _columns(scores)
        labels = of_table if labels is None else labels
    return {
        "scores": None if scores is None else reals(scores, "scores"),
        "score_kind": kind,
        "labels": None if labels is None else classes(labels)[0],
        "embeddings": None if embeddings is None else points(embeddings, "embeddings"),
    }


def _is_table(values: Any) -> bool:
    return hasattr(values, "column_names") or (hasattr(values, "columns") and not isinstance(values, np.ndarray))


def _columns(table: Any) -> tuple[Any, Any]:
    """Scores and labels of a table, in the order of its ids."""
    names = [str(name) for name in getattr(table, "column_names", None) or table.columns]

    def find(wanted: tuple[str, ...]) -> str | None:
        return next((name for name in wanted if name in names), None)

    score, label, sample = find(_SCORE_COLUMNS), find(_LABEL_COLUMNS), find(_ID_COLUMNS)
    if score is None:
        raise SettingError(f"reading scores: found the columns {', '.join(names)}, expected one called `score`")
    scores = array_of(table[score], "scores")
    labels = None if label is None else array_of(table[label], "labels")
    if sample is None:
        return scores, labels
    ids = array_of(table[sample], "ids")
    order = np.argsort(ids, kind="stable")
    if not np.array_equal(ids[order], np.arange(len(ids))):
        raise SettingError("reading scores: found ids that are not 0, 1, 2 and so on, each once, expected every sample")
    return scores[order], None if labels is None else labels[order]
