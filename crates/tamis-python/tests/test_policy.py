"""Policies in somebody else's loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, drawn

import tamis

LABELS = np.arange(400) % 4


def softmax(epoch: int, ids: Any) -> Any:
    """What a network that learns might say: a function of epoch and sample."""
    logits = np.stack([np.random.default_rng([epoch, int(i)]).normal(size=4) for i in ids])
    logits[np.arange(len(ids)), LABELS[ids]] += 0.4 * epoch * (ids % 5 != 0)
    parts = np.exp(logits)
    return parts / parts.sum(axis=1, keepdims=True)


def driven(policy: tamis.Policy, epochs: range) -> list[tuple[list[int], list[int]]]:
    sets = []
    for epoch in epochs:
        weight, arch, _ = policy.plan(epoch)
        for ids in (weight, arch):
            for batch in np.array_split(ids, max(1, len(ids) // 64)):
                if len(batch):
                    policy.observe(batch, softmax(epoch, batch))
        sets.append((weight.tolist(), arch.tolist()))
    return sets


DDS = {"policy.dds.rule": "always", "policy.dds.hardness_rule": "quantile", "policy.dds.first_update": 1}
FOLLOWERS: list[tuple[str, dict[str, Any]]] = [("bdp", {}), ("infobatch", {}), ("dds:40", DDS)]


def made(policy: str, settings: dict[str, Any]) -> tamis.Policy:
    z = np.random.default_rng(0).normal(size=(400, 3))
    return tamis.Policy(policy, LABELS, epochs=20, seed=3, embeddings=z, settings=settings)


@pytest.mark.parametrize(("policy", "settings"), FOLLOWERS)
def test_a_policy_follows_what_it_is_told(policy: str, settings: dict[str, Any]) -> None:
    sets = driven(made(policy, settings), range(20))
    assert sets == driven(made(policy, settings), range(20)), "a function of what it is told"
    changed = [epoch for epoch in range(1, 20) if sets[epoch] != sets[epoch - 1]]
    assert changed, "what is said changes what is chosen"
    for weight, arch in sets:
        assert not set(weight) & set(arch)


def test_bdp_keeps_at_each_level_what_its_schedule_says() -> None:
    sets = driven(made("bdp", {}), range(20))
    sizes = [(len(weight), len(arch)) for weight, arch in sets]
    expected, left = [], 200
    for epoch in range(20):
        if epoch in (4, 6, 8, 10, 12, 14):
            left = max(left * 7 // 10, 40)
        expected.append((left, left))
    assert sizes == expected


@pytest.mark.parametrize(("policy", "settings"), FOLLOWERS)
@pytest.mark.parametrize("cut", [1, 5, 13])
def test_a_policy_that_is_saved_anywhere_goes_on_as_if_nothing_was(
    policy: str, settings: dict[str, Any], cut: int
) -> None:
    whole = driven(made(policy, settings), range(20))
    first = made(policy, settings)
    driven(first, range(cut))
    saved = json.loads(json.dumps(first.state_dict()))
    second = made(policy, settings)
    second.load_state_dict(saved)
    assert [ids.tolist() for ids in second.plan(cut - 1)[:2]] == list(whole[cut - 1]), "the last plan again"
    assert driven(second, range(cut, 20)) == whole[cut:]


@pytest.mark.parametrize("policy", ["full", "random:0.3", "random-epoch:0.3", "random-epoch-balanced:0.3", "bdp"])
def test_the_sets_are_those_of_a_search(policy: str, in_folder: Path) -> None:
    images, labels = drawn()
    run = tamis.search((images, labels), policy=policy, epochs=3, seed=5, out="run", progress=False, settings=SMALL)
    own = tamis.Policy(policy, labels, epochs=3, seed=5)
    for epoch in range(1 if policy == "bdp" else 3):
        recorded = json.loads((run.path / f"selection/epoch-{epoch:06}.json").read_text())
        plan = own.plan(epoch)
        for level, ids in (("weight", plan.weight_ids), ("arch", plan.arch_ids)):
            index = (run.path / "selection" / recorded[level]["file"]).read_text()
            assert [int(line) for line in index.split()] == ids.tolist(), (epoch, level)


def test_infobatch_weighs_the_losses_of_what_stays() -> None:
    policy = made("infobatch", {})
    driven(policy, range(3))
    weight, _, factors = policy.plan(3)
    assert factors is not None and factors.dtype == np.float32 and factors.shape == weight.shape
    assert set(factors.tolist()) == {1.0, 2.0}


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    policy = made("bdp", {})
    with pytest.raises(tamis.SettingError, match=r"plan\(0\) comes first"):
        policy.observe([0], [[1, 0, 0, 0]])
    with pytest.raises(tamis.SettingError, match="found epoch 1, expected 0"):
        policy.plan(1)
    weight = policy.plan(0).weight_ids
    with pytest.raises(tamis.SettingError, match="found epoch 2, expected 1 or 0"):
        policy.plan(2)
    for ids, rows, words in [
        ([0, 1], [[1, 0, 0, 0]], "1 rows of probabilities for 2 samples"),
        ([400], [[1, 0, 0, 0]], "found the id 400"),
        ([-1], [[1, 0, 0, 0]], "found the id -1"),
        ([3], [[0.5, 0.5]], "2 probabilities for a sample of class 3"),
        ([0], [[3.0, -1.0, 0.2, 1.0]], "take the softmax"),
        ([0], [[float("nan"), 0.0, 0.5, 0.5]], "take the softmax"),
        ([0.5], [[1, 0, 0, 0]], "expected whole numbers"),
    ]:
        with pytest.raises(tamis.SettingError, match=words):
            policy.observe(ids, rows)
    saved = policy.state_dict()
    with pytest.raises(tamis.SettingError, match="the state of"):
        made("infobatch", {}).load_state_dict(saved)
    with pytest.raises(tamis.SettingError, match="restoring"):
        made("bdp", {}).load_state_dict({**saved, "policy": "{"})
    assert policy.plan(0).weight_ids.tolist() == weight.tolist()
